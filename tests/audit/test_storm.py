"""The auditor is content with what the engine does, whatever comes together: it cries no wolf."""

from collections.abc import Iterator
from contextlib import closing, nullcontext

import pytest

import postgres
from engine.storm import Storm
from engine.world import World
from mainspring.audit.data import check_database

#: (database, seed, batches)
WEATHER = [*(("sqlite", seed, 100) for seed in range(40, 52)), ("postgres", 7, 60), ("postgres", 8, 60)]


@pytest.fixture(params=WEATHER, ids=lambda weather: f"{weather[0]}-{weather[1]}")
def storm(request: pytest.FixtureRequest) -> Iterator[tuple[Storm, int]]:
    kind, seed, batches = request.param
    own = postgres.server().database() if kind == "postgres" else nullcontext("sqlite://")
    with own as url, closing(World(url, seed=seed)) as world:
        yield Storm(world), batches


def test_nothing_is_found_where_every_law_holds(storm: tuple[Storm, int]) -> None:
    weather, batches = storm
    for _ in range(batches):
        weather.strike()
        found = list(check_database(weather.world.database, grace=0))
        assert found == [], [str(finding) for finding in found]
    weather.calm()
    found = list(check_database(weather.world.database, grace=0))
    assert found == [], [str(finding) for finding in found]
