"""The platform inside the user's own process: engine and worker on one event loop, with no HTTP between them.

`mainspring.sdk.serving` opens it by name, for what people write with knows nothing of what runs it.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, TypeVar

from mainspring import loops
from mainspring.client.http import HttpDoor, door_into
from mainspring.clock import SystemClock
from mainspring.engine.commands import EndWorkers
from mainspring.model.limits import Limits
from mainspring.model.runs import RunDraft
from mainspring.model.streams import Streamed
from mainspring.sdk.client import Client
from mainspring.serve import Platform
from mainspring.server.edge import Guard
from mainspring.server.inside import Inside
from mainspring.settings import Settings, load_settings
from mainspring.worker.worker import Worker

T = TypeVar("T")

log = logging.getLogger("mainspring.embedded")

#: What the workers of embedded platforms are called; a fresh one ends those that an earlier process left.
WORKER_NAME = "embedded"


class Embedded:
    """`async with Embedded(client, ...)`: the platform with a worker for the client's jobs, on this event loop."""

    def __init__(self, client: Client, flags: Mapping[str, Any]) -> None:
        """`flags` are settings by name; None counts as not given."""
        self._client = client
        self._flags = flags
        self._platform: Platform
        self._worker: Worker
        self._working: asyncio.Task[None]
        self._made: Any = None

    async def __aenter__(self) -> "Embedded":
        """Returns when the worker has registered. Raises what `Platform.open` does."""
        settings = load_settings(self._flags)
        for warning in settings.warnings:
            log.warning(warning)
        clock = SystemClock()
        self._platform = Platform.open(settings, clock=clock, guard=Guard())
        try:
            await self._platform.start()
            await self._end_earlier_workers()
            self._client.use_door(InsideDoor(self._inside(clock), self._rest, asyncio.get_running_loop()))
            await self._start_worker(settings)
        except BaseException:
            self._client.use_door(None)
            await self._platform.stop()
            raise
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Runs in flight go to their next checkpoint, at most as long as the setting `drain_timeout` says."""
        self._platform.services.draining.begin()
        self._worker.drain()
        await asyncio.wait({self._working})
        self._client.use_door(None)
        await self._rest.aclose()
        await self._platform.stop()

    async def serve(self) -> None:
        """Answers HTTP on the settings' host and port until SIGINT or SIGTERM. Raises `PortInUse`."""
        loop = asyncio.get_running_loop()
        signs = (signal.SIGINT, signal.SIGTERM)
        for sign in signs:
            loop.add_signal_handler(sign, self._platform.stop_serving)
        try:
            await self._platform.serve(on_ready=self._told)
        finally:
            for sign in signs:
                loop.remove_signal_handler(sign)

    def _told(self, url: str) -> None:
        print(f"Mainspring serves {self._client.name} at {url}; ctrl-C stops.", flush=True)

    async def _end_earlier_workers(self) -> None:
        """Of an earlier process, which must be dead: it had the database to itself. Its jobs ran in the process
        that died, so what it held at that moment may have killed it, and is suspected as after any such death.
        Servers on PostgreSQL have neighbours that live, whose leases tell the dead from them."""
        platform = self._platform
        if platform.database.dialect == "sqlite":
            await platform.engine.end_workers(
                EndWorkers(
                    "superseded", environment_id=platform.environment_id, name=WORKER_NAME, blames=True
                )
            )

    async def _start_worker(self, settings: Settings) -> None:
        registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def ready(worker_id: str) -> None:
            if not registered.done():
                registered.set_result(worker_id)

        self._worker = Worker(
            self._client,
            self._platform.local_backend(),
            slots=settings.worker_concurrency,
            name=WORKER_NAME,
            worker_id=settings.worker_id,
            drain_timeout=settings.drain_timeout,
            parked_runs=settings.worker_parked_runs,
            limits=Limits.of(settings),
            ready=ready,
        )
        self._working = asyncio.create_task(self._worker.run(), name="mainspring-worker")
        both: set[asyncio.Future[Any]] = {self._working, registered}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not registered.done():
            self._working.result()
        self._working.add_done_callback(_ended)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """The API as an ASGI app; it is made when it is first asked for, beside the loop."""
        if self._made is None:
            self._made = await asyncio.to_thread(lambda: self._platform.app)
        await self._made(scope, receive, send)

    def _inside(self, clock: SystemClock) -> Inside:
        platform = self._platform
        services = platform.services
        self._rest = door_into(
            self.answer, platform.api_key, f"http://127.0.0.1:{platform.settings.port or 2020}"
        )
        return Inside(
            platform.engine, services.limits, clock, platform.environment_id, services.draining, self._rest
        )


def _ended(working: "asyncio.Task[None]") -> None:
    if not working.cancelled() and (error := working.exception()) is not None:
        log.error("the embedded worker stopped: %s", error, exc_info=error)


class InsideDoor:
    """Implements `NearDoor` of `sdk/door.py`: calls from other event loops are made on the engine's own."""

    def __init__(self, inside: Inside, rest: HttpDoor, home: asyncio.AbstractEventLoop) -> None:
        self._inside = inside
        self._rest = rest
        self._home = home
        self._home_thread = threading.get_ident()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        answer = self._inside.call(
            method, path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return await self._at_home(answer)

    async def start_run(self, draft: RunDraft) -> Mapping[str, Any]:
        return await self._at_home(self._inside.start_run(draft))

    async def wait_run(self, run_id: str, seconds: float) -> Mapping[str, Any]:
        return await self._at_home(self._inside.wait_run(run_id, seconds))

    async def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        messages = self._rest.stream(path, params=params, after=after)
        try:
            while (message := await self._at_home(_next_of(messages))) is not None:
                yield message
        finally:
            await self._at_home(_close(messages))

    async def aclose(self) -> None:
        """Nothing belongs to the caller's loop."""

    async def _at_home(self, answer: Coroutine[Any, Any, T]) -> T:
        if threading.get_ident() == self._home_thread:
            return await answer
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer, self._home))


async def _next_of(messages: AsyncGenerator[Streamed, None]) -> Streamed | None:
    return await anext(messages, None)


async def _close(messages: AsyncGenerator[Streamed, None]) -> None:
    await messages.aclose()


def open_embedded(client: Client, flags: Mapping[str, Any]) -> Embedded:
    """What `sdk/serving.py` calls."""
    return Embedded(client, flags)


def run_embedded(client: Client, flags: Mapping[str, Any]) -> None:
    """What `client.run()` does: blocks until SIGINT or SIGTERM."""
    loops.run(_run(client, flags))


async def _run(client: Client, flags: Mapping[str, Any]) -> None:
    async with Embedded(client, flags) as embedded:
        await embedded.serve()
