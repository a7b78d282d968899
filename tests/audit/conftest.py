"""A world for every test, once on each database."""

from collections.abc import Iterator
from contextlib import closing, nullcontext

import pytest

import postgres
from audit.scene import Scene
from engine.world import World


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database."""
    own = postgres.server().database() if request.param == "postgres" else nullcontext("sqlite://")
    with own as url:
        yield url


@pytest.fixture
def world(database: str) -> Iterator[World]:
    with closing(World(database)) as world:
        yield world


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)
