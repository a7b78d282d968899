"""A fresh world for every test, once on each database."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

import postgres
from engine.live import Live, living
from engine.pair import Pair, paired
from engine.world import World

#: Where the truth is kept: an empty database for the length of a test.
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "sqlite": lambda: nullcontext("sqlite://"),
    "postgres": lambda: postgres.server().database(),
}


@pytest.fixture(params=DATABASES)
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """The URL of one more empty database, each time it is called."""
    with ExitStack() as in_use:
        yield lambda: in_use.enter_context(DATABASES[request.param]())


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def kept_database(database: str, tmp_path: Path) -> str:
    """One that outlives the engine that opened it."""
    return f"sqlite:///{tmp_path / 'kept.db'}" if database.startswith("sqlite") else database


@pytest.fixture
def new_world(new_database: Callable[[], str]) -> Iterator[Callable[..., World]]:
    """A world of its own each time; it takes what `World` takes beside the URL."""
    with ExitStack() as made:

        def make(**options: Any) -> World:
            return made.enter_context(closing(World(new_database(), **options)))

        yield make


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    return new_world()


@pytest.fixture
async def live(database: str) -> AsyncIterator[Live]:
    async with living(database) as live:
        yield live


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    with postgres.server().database() as url:
        async with paired(url) as pair:
            yield pair
