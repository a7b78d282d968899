"""What there is one of per process, and is a play's own while it lasts: chance, ids, the log, fault points.

A play has a thread to itself, for its loops would be in the way of the one that the test runs on.
"""

import asyncio
import contextlib
import gc
import logging
import random
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from mainspring import faults, ids
from mainspring.sdk.bridge import invoke
from mainspring.sdk.context import Context
from mainspring.sdk.runtime import TaskCall
from mainspring.testing.plays.ending import Ending
from mainspring.testing.plays.stage import Stage
from mainspring.testing.stand_ins import faked_for_play
from mainspring.worker import capture, tasks

T = TypeVar("T")


async def beside(work: Callable[[], T]) -> T:
    """`work()` in a thread of its own, one at a time."""
    return await asyncio.to_thread(_alone, work)


_one_at_a_time = threading.Lock()


def _alone(work: Callable[[], T]) -> T:
    with _one_at_a_time, _quiet(), capture.capturing(echoes=False):
        return work()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of plays would fill the log with what goes wrong on purpose."""
    log = logging.getLogger("mainspring")
    level, unraisable = log.level, sys.unraisablehook
    log.setLevel(logging.CRITICAL + 1)
    sys.unraisablehook = lambda _: None  # coroutines that were cut off are meant to be
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # coroutines that were cut off before they began
            yield
    finally:
        log.setLevel(level)
        sys.unraisablehook = unraisable


def play_on(stage: Stage) -> Ending:
    """Plays it, with chance and ids of its own."""
    state, system, was_enabled = random.getstate(), ids._system, gc.isenabled()
    random.seed(f"chance {stage.salt}")
    ids._system = stage.server.ids
    gc.disable()  # collections would let the dead speak at moments that no seed repeats
    try:
        with _told(stage), faked_for_play(stage.client), stage.universe.errands.watched():
            return stage.play()
    finally:
        ids._system = system
        random.setstate(state)
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _told(stage: Stage) -> Iterator[None]:
    """The stage hears of the points that its own thread passes, and of keys that are read there."""
    here, others = threading.get_ident(), faults._listener
    asked: Any = Context.__dict__["idempotency_key"]

    def listen(point: faults.Point) -> Awaitable[None] | None:
        if threading.get_ident() == here:
            return stage.passes(point)
        return None if others is None else others(point)

    def idempotency_key(context: Context) -> str:
        stage.asks_for_key()
        key: str = asked.fget(context)
        return key

    async def run_isolated(call: TaskCall, key: str) -> Any:
        """A play has no processes: what would have one is called in a thread."""
        if threading.get_ident() != here:
            return await isolated(call, key)
        return await invoke(call.fn, call.args, call.kwargs)

    spied: Any = property(idempotency_key)
    worker: Any = tasks
    isolated = worker.run_isolated
    Context.idempotency_key = spied  # type: ignore[method-assign]
    worker.run_isolated = run_isolated
    try:
        with faults.listening(listen):
            yield
    finally:
        Context.idempotency_key = asked  # type: ignore[method-assign]
        worker.run_isolated = isolated
