"""Every test that asks for a `place` or a `database` runs once on each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from storage.places import PLACES, Place


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = PLACES[request.param](tmp_path)
    yield place
    place.close()


@pytest.fixture
def database(place: Place) -> Database:
    """A migrated one."""
    database = place.open()
    upgrade(database, 0)
    return database
