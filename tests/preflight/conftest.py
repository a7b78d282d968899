"""An environment with open runs of the shop, over HTTP and on SQLite, and checks against it."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from mainspring import Client, Run
from mainspring.preflight.check import Wanted, check
from mainspring.preflight.findings import Report
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.testing.lives import current_life
from preflight.shop import DONE, shop
from scenarios.world import Axes, World

Checked = Callable[..., Coroutine[Any, Any, Report]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    database = open_database(url)
    upgrade(database, 0)
    database.close()
    current_life.set(None)
    made = World(Axes(url, True, False))
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def runs(world: World) -> dict[str, Run[Any]]:
    """One of each: waiting for an event, for a time (in a plain def), for a time, and not begun."""
    DONE.clear()
    client = shop()
    await world.start(workers=0)
    worker = await world.start_worker(client)
    made = {
        job_id: await world.trigger(client.job_by_id(job_id), payload)
        for job_id, payload in (
            ("fulfil", {"id": "o-1"}),
            ("sync-report", {}),
            ("mail", {"to": "ada"}),
        )
    }
    for run in made.values():
        await world.until(run, "WAITING")
    made["late"] = await world.trigger(client.job_by_id("fulfil"), {"id": "o-2"}, delay="1 hour")
    await world.drain(worker)
    return made


@pytest.fixture
async def checked(world: World, runs: dict[str, Run[Any]]) -> Checked:
    """Checks an app against the environment; no task of it may be called by that."""

    async def check_it(client: Client, allowed: tuple[str, ...] = (), **wanted: Any) -> Report:
        before = list(DONE)
        report = Report(frozenset(allowed))
        await check(client, world.door, Wanted(**wanted), report)
        assert before == DONE
        return report

    return check_it
