"""Stillness: the moment when nothing more happens until the clock is turned. Found by looking, never by waiting.

All is still when the loop turns empty, every command has been applied, no request is under way but claims that
the engine holds open, no thread works, and no timer is due.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any, Protocol

from mainspring.clock import FakeClock, Instant
from mainspring.sdk import bridge, threads
from mainspring.testing.lives import Lives
from mainspring.testing.server import Server
from mainspring.testing.taps import TappedBackend, TappedClock, TappedDoor

#: Turns of the loop without a callback after which it counts as quiet.
QUIET_TURNS = 3
#: What a worker puts off for a moment of the machine's time: reports that nobody waits for, and another look
#: whether a run that had code at work may be parked; and a look for code that is on its way.
_LAZY, _LOOK = ("Outbox._rouse_late", "Parking._looked"), "Turns.wake"

#: Functions in which a thread waits for the test: whether it still does, given their variables.
waits_for_test: dict[CodeType, Callable[[Any], bool]] = {}


class Moving(Protocol):
    """The world, as stillness sees it."""

    lives: Lives
    clock: FakeClock
    server: Server
    door: TappedDoor

    #: Seconds of real time after which something that goes on and on is an error; None: never.
    patience: float | None

    def user_code(self) -> Sequence[str]: ...

    def outstanding(self) -> str: ...

    def backends(self) -> list[TappedBackend]: ...

    def clocks(self) -> list[TappedClock]: ...


class Stillness:
    def __init__(self, world: Moving) -> None:
        self._world = world

    async def reached(self) -> None:
        """Returns when all is still."""
        world = self._world
        began = time.monotonic()
        while True:
            await self._quiet()
            for lazy in list(_put_off(*_LAZY)):  # the moment may as well be over
                lazy._run()
                lazy.cancel()
            calls = world.lives.calls
            await world.server.catch_up()
            await self._quiet()
            what = self.motion()
            if what is None:
                # Catching up itself took some turns; anything beyond them was somebody else's.
                if world.lives.calls - calls < 4 * QUIET_TURNS:
                    return
            elif world.patience is not None and time.monotonic() - began > world.patience:
                raise AssertionError(
                    f"not still after {world.patience:g} seconds: {what}\n{world.outstanding()}"
                )
            else:
                await world.lives.something_happens(0.25)

    async def _quiet(self) -> None:
        turns = 0
        while turns < QUIET_TURNS:
            before = self._world.lives.calls
            await asyncio.sleep(0)
            turns = turns + 1 if self._world.lives.calls - before <= 1 else 0

    def motion(self) -> str | None:
        """What is still going on, None when nothing is."""
        return next(self._motions(), None)

    def next_at(self) -> Instant | None:
        """When something is due next: in the engine, or in a worker that sleeps."""
        world = self._world
        due = [world.server.next_timer_at(), *(clock.next_at() for clock in world.clocks())]
        return min((at for at in due if at is not None), default=None)

    def _motions(self) -> Iterator[str]:
        world = self._world
        for backend in world.backends():
            for verb, message in backend.wire.open():
                if verb != "claim" or not world.server.holds_claim(message.worker_id, message.claim_seq):
                    yield f"{verb} of {backend.worker_id} is under way"
        for verb, path in world.door.wire.open():
            # Waiting for a run that has not ended yet is no motion; hearing of its end is.
            if verb == "call" or world.server.has_ended(path.rpartition("/")[2]):
                yield f"a call of {path} is under way"
        yield from (f"thread {name} works" for name in _threads_at_work())
        yield from world.user_code()
        # Only now: a thread that asks the loop for something puts it there before it blocks.
        loop: Any = asyncio.get_running_loop()
        if loop._ready:
            yield "callbacks stand in line"
        if any(_put_off(_LOOK)):
            yield "a replay waits for code between tasks"
        next_at = self.next_at()
        if next_at is not None and next_at <= world.clock.now():
            yield "a timer is due"


def _threads_at_work() -> Iterator[str]:
    """Threads of plain `def` functions that do not wait for the loop or at a gate."""
    frames = sys._current_frames()
    idle = set(threads.pool.idle)
    for thread in threading.enumerate():
        is_given = isinstance(thread, threads.Thread) and thread not in idle
        if is_given and not _is_blocked(frames.get(thread.ident or 0)):
            yield thread.name


def _is_blocked(frame: Any) -> bool:
    while frame is not None:
        if frame.f_code is bridge.Crossing.call.__code__:
            asked = frame.f_locals.get("future")
            return asked is not None and not asked.done()
        if frame.f_code in waits_for_test:
            return waits_for_test[frame.f_code](frame.f_locals)
        frame = frame.f_back
    return False


def _put_off(*names: str) -> Iterator[asyncio.TimerHandle]:
    """Calls of functions of the worker's that it has put off for a moment."""
    loop: Any = asyncio.get_running_loop()
    for handle in loop._scheduled:
        if getattr(handle._callback, "__qualname__", "") in names and not handle.cancelled():
            yield handle
