"""Times up to which people wait, a thousand of them with one sleeper: it sleeps until the earliest."""

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from mainspring.clock import Clock

#: Waits that are over stay in the heap until it has twice as many entries as there are waits, and this many.
_ROOM = 64


class Deadlines:
    """For use on one event loop. By the clock's monotonic time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, asyncio.Future[Any]]] = []
        self._numbers = count()
        self._live = 0
        self._sleeper: asyncio.Task[None] | None = None
        self._sleeps_until = 0

    @contextmanager
    def ending(self, future: asyncio.Future[Any], until: int) -> Iterator[None]:
        """Inside, `future` is done at `until` at the latest, and never by this before."""
        heapq.heappush(self._heap, (until, next(self._numbers), future))
        self._live += 1
        if self._sleeper is None or until < self._sleeps_until:
            self._sleep()
        try:
            yield
        finally:
            self._live -= 1
            future.cancel()
            if not self._live:
                self._heap.clear()
                self._sleep()
            elif len(self._heap) > 2 * self._live + _ROOM:
                self._heap = [entry for entry in self._heap if not entry[2].done()]
                heapq.heapify(self._heap)

    def _sleep(self) -> None:
        """Until the earliest of now; nobody sleeps when there is none."""
        if self._sleeper is not None:
            self._sleeper.cancel()
            self._sleeper = None
        if self._heap:
            self._sleeps_until = self._heap[0][0]
            self._sleeper = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        await self._clock.sleep(self._sleeps_until - self._clock.monotonic())
        self._sleeper = None
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].done()):
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)
        self._sleep()
