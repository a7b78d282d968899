"""What user code in scenarios touches: a gate that holds it until the test says so, and the list of its effects."""

import asyncio
import threading
from collections import Counter
from typing import Any

from mainspring.testing.lives import is_dead
from mainspring.testing.stillness import waits_for_test


class Effects(list[Any]):
    """What user code did, in order. What a dead process's threads would still do is not counted: it did not."""

    def append(self, effect: Any) -> None:
        if not is_dead():
            super().append(effect)

    def counts(self) -> Counter[Any]:
        return Counter(self)


class Gate:
    """User code stops here (`await gate.passed()`, in a plain `def` `gate.wait_open()`) until the test opens it."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()
        self._arrivals: list[asyncio.Future[None]] = []
        self.arrived = 0

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    async def passed(self) -> None:
        """Inside a run or task: returns once the gate is open."""
        self._arrive()
        if not self.is_open:
            waiting = self._loop.create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)

    def wait_open(self) -> None:
        """The same in a thread."""
        self._loop.call_soon_threadsafe(self._arrive)
        self._opened.wait()

    def open(self) -> None:
        """In the test: everyone passes from now on."""
        self._opened.set()
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def reached(self, count: int = 1) -> None:
        """In the test: returns once `count` have arrived in all."""
        while self.arrived < count:
            arrival: asyncio.Future[None] = self._loop.create_future()
            self._arrivals.append(arrival)
            await arrival

    def _arrive(self) -> None:
        self.arrived += 1
        for arrival in self._arrivals:
            if not arrival.done():
                arrival.set_result(None)
        self._arrivals.clear()


waits_for_test[Gate.wait_open.__code__] = lambda held: not held["self"].is_open
