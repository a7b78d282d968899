"""Time: instants, the real clock, and one that tests turn by hand. Nothing else reads the time.

An instant is an `int`: microseconds since 1970-01-01 UTC. A span is an `int` of microseconds too.
"""

import asyncio
import contextlib
import heapq
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from mainspring.errors import InvalidInstant

Instant = int

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time and waits for it. Everything that needs either is given one."""

    def now(self) -> Instant:
        """The wall's time; may jump when someone sets it."""
        ...

    def monotonic(self) -> int:
        """Microseconds from some fixed moment; never jumps, never goes back. For measuring spans."""
        ...

    async def sleep(self, delay: int) -> None:
        """Return `delay` microseconds from now, never earlier; after one turn of the loop when it is <= 0."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000

    def monotonic(self) -> int:
        return time.monotonic_ns() // 1_000

    async def sleep(self, delay: int) -> None:
        until = self.monotonic() + delay
        await asyncio.sleep(max(0, delay) / SECOND)
        # Loops round their timers (uvloop to milliseconds) and may wake a moment early; a timer never may.
        while (left := until - self.monotonic()) > 0:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(left / SECOND)


@dataclass(order=True, slots=True)
class _Sleeper:
    """Someone waiting on a FakeClock. `due` is monotonic; `number` keeps those due together in order."""

    due: int
    number: int
    loop: asyncio.AbstractEventLoop = field(compare=False)
    woken: asyncio.Future[None] = field(compare=False)
    is_gone: bool = field(default=False, compare=False)

    def wake(self) -> None:
        """Called in any thread, so the future is only touched on its own loop."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: nobody sleeps there any more
            self.loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)


class FakeClock:
    """A clock that stands still until a test advances it. Safe to use from several threads and loops."""

    def __init__(self, start: Instant = 1_767_225_600_000_000) -> None:  # 2026-01-01T00:00:00Z
        self._lock = threading.Lock()
        self._monotonic = 0
        self._offset = start
        self._count = 0
        self._sleepers: list[_Sleeper] = []

    def now(self) -> Instant:
        with self._lock:
            return self._offset + self._monotonic

    def monotonic(self) -> int:
        with self._lock:
            return self._monotonic

    async def sleep(self, delay: int) -> None:
        if delay <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        with self._lock:
            self._count += 1
            sleeper = _Sleeper(self._monotonic + delay, self._count, loop, loop.create_future())
            heapq.heappush(self._sleepers, sleeper)
        try:
            await sleeper.woken
        finally:
            # Cancelled sleepers stay in the heap until they come to its top, but nobody sees them.
            sleeper.is_gone = True

    def advance(self, delay: int) -> None:
        """Move on by `delay` microseconds and wake everyone due by then, the earliest first.

        They run when their loops next turn, and then see the time this call ended at. To let each see its own
        instant, advance to `next_sleeper_at()` step by step.
        """
        if delay < 0:
            raise ValueError("time goes forward: use shift() to set the wall's clock back")
        with self._lock:
            self._monotonic += delay
            due: list[_Sleeper] = []
            while self._sleepers and self._sleepers[0].due <= self._monotonic:
                due.append(heapq.heappop(self._sleepers))
        for sleeper in due:
            sleeper.wake()

    def shift(self, delay: int) -> None:
        """Someone sets the wall's clock, forward or back: `now` jumps, `monotonic` and sleepers do not."""
        with self._lock:
            self._offset += delay

    def next_sleeper_at(self) -> Instant | None:
        """When the next sleeper is due, by the wall's clock; None when nobody sleeps."""
        with self._lock:
            while self._sleepers and self._sleepers[0].is_gone:
                heapq.heappop(self._sleepers)
            return self._offset + self._sleepers[0].due if self._sleepers else None


def to_iso(instant: Instant) -> str:
    """ "2026-01-01T00:00:00.000000Z": always UTC, always microseconds, so that texts sort like instants."""
    seconds, part = divmod(instant, SECOND)
    return f"{_second_to_iso(seconds)}.{part:06}Z"


@lru_cache(maxsize=1_024)
def _second_to_iso(seconds: int) -> str:
    """Up to the point: what most instants of one answer share."""
    return to_datetime(seconds * SECOND).replace(tzinfo=None).isoformat(timespec="seconds")


def from_iso(text: str) -> Instant:
    """The instant of an ISO 8601 text with a zone (`Z` or an offset); InvalidInstant otherwise."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInstant(f"{text[:64]!r} is not a time") from None
    return from_datetime(moment)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime. A naive one could mean any zone: InvalidInstant."""
    if moment.utcoffset() is None:
        raise InvalidInstant(f"{moment.isoformat()} says no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant. Integer arithmetic: floats would lose microseconds."""
    try:
        return _EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        raise InvalidInstant(f"the instant {instant} lies outside the years 1 to 9999") from None
