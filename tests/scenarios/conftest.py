"""One world per scenario, in every place where scenarios play, with a limit on how long it may take."""

import asyncio
import atexit
import functools
import inspect
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

import postgres
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.testing.lives import current_life
from scenarios.world import Axes, World

#: Seconds of the machine's time. A scenario takes a fraction of one, many on a machine that is busy otherwise; one
#: that hangs says what was outstanding.
LIMIT = 60.0

#: What the dead leave behind: threads that were ended where they stood, connections that were being made.
_KILLED = (
    "ignore:Exception in thread mainspring-(committer|keeper):pytest.PytestUnhandledThreadExceptionWarning",
    "ignore:Exception ignored in. <coroutine object connect_tcp:pytest.PytestUnraisableExceptionWarning",
)

#: Where the truth is kept: an empty, migrated database for the length of a scenario.
DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(
        f"sqlite:///{shutil.copy(_migrated_sqlite(), folder / 'mainspring.db')}"
    ),
    "postgres": lambda folder: postgres.server().database(),
}
DOORS = {"local": False, "http": True}
REPLAYS = {"normal": False, "replayed": True}


@functools.cache
def _migrated_sqlite() -> Path:
    """Copied for each scenario: that is quicker than to migrate each time."""
    path = Path(tempfile.mkdtemp(prefix="mainspring-scenarios-")) / "migrated.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    database = open_database(f"sqlite:///{path}")
    upgrade(database, 0)
    database.close()
    return path


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with DATABASES[request.param](tmp_path) as url:
        yield url


@pytest.fixture(params=DOORS)
def is_http(request: pytest.FixtureRequest) -> bool:
    return DOORS[request.param]


@pytest.fixture(params=REPLAYS)
def always_replay(request: pytest.FixtureRequest) -> bool:
    return REPLAYS[request.param]


@pytest.fixture
async def world(database: str, is_http: bool, always_replay: bool) -> AsyncIterator[World]:
    current_life.set(None)
    made = World(Axes(database, is_http, always_replay))
    try:
        yield made
    finally:
        await made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Pytest gives the items of every folder; others have worlds of their own.
    scenarios = Path(__file__).parent
    for item in items:
        is_ours = isinstance(item, pytest.Function) and scenarios in item.path.parents
        if is_ours and "world" in item.fixturenames:
            item.obj = _limited(item.obj)
            item.add_marker(pytest.mark.filterwarnings(*_KILLED))


def _limited(scenario: Callable[..., Any]) -> Callable[..., Any]:
    if not inspect.iscoroutinefunction(scenario):
        return scenario

    @functools.wraps(scenario)
    async def run(*args: Any, world: World, **fixtures: Any) -> None:
        current_life.set(None)
        limit = asyncio.timeout(LIMIT)
        try:
            async with limit:
                await scenario(*args, world=world, **fixtures)
        except TimeoutError:
            if limit.expired():
                raise AssertionError(f"not done after {LIMIT:g} seconds\n{world.outstanding()}") from None
            raise

    return run
