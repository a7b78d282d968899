"""A job that blocks its worker's event loop: a warning names the line, and the lease is kept meanwhile."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from mainspring import Client
from mainspring.client.backend import HttpBackend
from mainspring.client.http import open_door
from mainspring.clock import SECOND, FakeClock
from mainspring.engine.inspect import list_workers
from mainspring.engine.views import WorkerView
from mainspring.serve import Platform
from mainspring.worker.keeper import Keeper
from mainspring.worker.worker import Worker
from stage import settings_in

#: Far longer than a lease lasts without a heartbeat, and than a worker may take nothing. Seconds.
BLOCKED_FOR = 30
#: Of the machine's time: nothing here takes long.
PATIENCE = 30.0


@asynccontextmanager
async def serving(folder: Path, clock: FakeClock) -> AsyncIterator[Platform]:
    """A server in this loop, on a real socket; the worker's loop may stand still without it."""
    platform = Platform.open(settings_in(folder, port=0), clock=clock)
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    try:
        await platform.start()
        listening = asyncio.ensure_future(platform.serve(on_ready=url.set_result))
        await url
        yield platform
        platform.stop_serving()
        await listening
    finally:
        await platform.stop()


class Blocking:
    """A worker in a thread and loop of its own, whose job blocks that loop until it is let go."""

    def __init__(self, platform: Platform) -> None:
        self._backend = (platform.url, platform.api_key)
        self.client = Client("blocking")
        self.began, self.let_go, self.registered = threading.Event(), threading.Event(), threading.Event()

        @self.client.job(id="block")
        async def block() -> str:
            self.began.set()
            self.let_go.wait(PATIENCE)  # this line blocks the loop
            return "done"

    async def work(self) -> None:
        """Until it is drained."""
        self.worker = Worker(
            self.client,
            HttpBackend(*self._backend),
            slots=1,
            name="blocked",
            ready=lambda worker_id: self.registered.set(),
        )
        self.loop = asyncio.get_running_loop()
        await self.worker.run()

    def end(self) -> None:
        """From another thread."""
        self.let_go.set()
        self.loop.call_soon_threadsafe(self.worker.drain)


async def seen(platform: Platform, clock: FakeClock) -> WorkerView:
    """The one worker, as people see it."""
    (view,) = await platform.engine.read(list_workers, platform.environment_id, clock.now())
    return view


async def beat(platform: Platform, clock: FakeClock, worker: Worker) -> WorkerView:
    """The worker once its next heartbeat has arrived."""
    before = (await seen(platform, clock)).worker.heartbeats
    worker._keeper.nudge()
    async with asyncio.timeout(PATIENCE):
        while (view := await seen(platform, clock)).worker.heartbeats == before:
            pass
    return view


async def test_a_job_that_blocks_the_loop_keeps_its_lease_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    keeper = partial(Keeper, monotonic=lambda: clock.monotonic() / SECOND)
    monkeypatch.setattr(Worker, "keeper", keeper)
    async with serving(tmp_path, clock) as platform:
        blocking = Blocking(platform)
        working = asyncio.ensure_future(asyncio.to_thread(asyncio.run, blocking.work()))
        door = open_door(platform.url, platform.api_key)
        try:
            assert await asyncio.to_thread(blocking.registered.wait, PATIENCE)
            run = await door.call("POST", "/api/v1/jobs/block/trigger", body='{"payload":{}}')
            assert await asyncio.to_thread(blocking.began.wait, PATIENCE)
            for _ in range(BLOCKED_FOR):
                clock.advance(SECOND)
                view = await beat(platform, clock, blocking.worker)
            assert (view.worker.status, view.running) == ("ALIVE", 1)
            assert "# this line blocks the loop" in (view.worker.blocked_stack or "")
            blocking.let_go.set()
            ended = await door.call("GET", f"/api/v1/runs/{run['id']}", params={"wait": 20})
            assert (ended["status"], ended["output"], ended["attempt"]) == ("SUCCESS", "done", 1)
            history = await door.call("GET", f"/api/v1/runs/{run['id']}/history")
            assert [entry["kind"] for entry in history["data"]] == [
                "RUN_CREATED",
                "JOB_STARTED",
                "JOB_COMPLETED",
            ]
        finally:
            blocking.end()
            await working
            await door.aclose()
    (warning,) = [
        r.getMessage() for r in caplog.records if r.levelno == logging.WARNING and "blocked" in r.msg
    ]
    assert f" at {__file__}:{line_of('let_go.wait(PATIENCE)')};" in warning


def line_of(text: str) -> int:
    """Where this file has it first."""
    lines = Path(__file__).read_text().splitlines()
    return 1 + next(index for index, line in enumerate(lines) if text in line)
