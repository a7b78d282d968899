"""Keeps one good worker process running under `dev`: starts it, restarts it when it dies, replaces it on a save.

A replacement takes over only once the app has loaded in it; the old one then drains, so nothing in flight is
lost. While saved code is broken the old one goes on serving.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from mainspring.cli.child import Child, Launch
from mainspring.clock import Clock
from mainspring.errors import MainspringError
from mainspring.ids import new_id

#: Pauses before a worker that keeps dying is started again, in microseconds.
_PAUSES = (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
#: One that lived this long is no longer counted as dying at once.
_STEADY = 30_000_000


class Audience(Protocol):
    """Who is told what becomes of the workers."""

    def registered(self, job_ids: Sequence[str], *, is_reload: bool) -> None: ...

    def died(self, code: int, pause: int) -> None: ...

    def retired(self) -> None:
        """An operator drained the worker, and it has left."""
        ...

    def broken(self, error: MainspringError) -> None:
        """Saved code does not load, or its jobs cannot be registered."""
        ...


class Supervisor:
    """`give_back(worker_id, is_unasked, fault)`: called when a process has ended, so that what it held goes on at once.

    `is_unasked`: nobody here had told it to go; perhaps it died of the runs it had. `fault`: what it ended by itself
    of, "" when somebody else may have killed it.
    """

    def __init__(
        self,
        launch: Launch,
        give_back: Callable[[str, bool, str], Awaitable[None]],
        audience: Audience,
        clock: Clock,
    ) -> None:
        self._launch = launch
        self._give_back = give_back
        self._audience = audience
        self._clock = clock
        self._current: Child | None = None
        self._loading: Child | None = None
        self._minders: set[asyncio.Task[None]] = set()
        self._children: set[Child] = set()
        self._deaths = 0
        self._is_stopping = False
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Start the first worker; raises what kept its app from loading, or its jobs from being registered."""
        async with self._replacing:
            child = await self._started()
            if child.job_ids is None:
                raise child.error()
            self._take(child, child.job_ids, is_reload=False)

    async def reload(self) -> None:
        """Replace the worker by one with the code as saved now, if that loads."""
        if self._loading is not None:  # it loads code that is old already, and perhaps hangs in it
            self._loading.drain()
            self._loading.kill()
        async with self._replacing:
            if self._is_stopping:
                return
            child = await self._started()
            if child.job_ids is None:
                if not child.is_draining:
                    self._audience.broken(child.error())
                return
            old = self._current
            self._take(child, child.job_ids, is_reload=True)
            if old is not None:
                old.drain()

    async def stop(self, patience: int) -> None:
        """Drain every worker; what has not gone after `patience` (microseconds) is killed."""
        self._is_stopping = True
        for child in self._children:
            child.drain()
        ends = [asyncio.ensure_future(child.ended()) for child in self._children]
        if ends:
            await asyncio.wait(ends, timeout=patience / 1e6)
        self.kill()
        await asyncio.gather(*ends, *self._minders)

    def kill(self) -> None:
        """End every worker at once; what they held goes on when there is a worker again."""
        for child in self._children:
            child.kill()

    async def _started(self) -> Child:
        """A new process, once its jobs are registered (`job_ids`) or it has ended (None)."""
        child = await Child.start(self._launch, new_id("wrk"))
        self._children.add(child)
        self._loading = child
        await child.is_ready_or_over()
        self._loading = None
        if child.job_ids is None:
            await child.ended()
            self._children.discard(child)
        return child

    def _take(self, child: Child, job_ids: list[str], *, is_reload: bool) -> None:
        self._current = child
        minder = asyncio.create_task(self._mind(child))
        self._minders.add(minder)
        minder.add_done_callback(self._minders.discard)
        self._audience.registered(job_ids, is_reload=is_reload)

    async def _mind(self, child: Child) -> None:
        """Wait for the end of a worker; unless it was asked to go, give its runs back and start another."""
        began = self._clock.monotonic()
        code = await child.ended()
        self._children.discard(child)
        is_unasked = not (child.is_draining or self._is_stopping)
        await self._give_back(child.worker_id, is_unasked, child.fault())
        if child is self._current and child.is_retired and not self._is_stopping:
            self._audience.retired()
        if child is not self._current or not is_unasked:
            return
        self._current = None
        self._deaths = 1 if self._clock.monotonic() - began > _STEADY else self._deaths + 1
        pause = _PAUSES[min(self._deaths, len(_PAUSES)) - 1]
        self._audience.died(code, pause)
        await self._clock.sleep(pause)
        if self._current is None:
            await self.reload()
