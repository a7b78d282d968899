"""What user code waits for: by itself nothing of ours, and so something that stillness has to wait for.

A request to a peer, a plain `asyncio.sleep`, a thread: it goes on by itself, in real time. Only where nothing on this
machine could wake it (an `asyncio.Event` that the test itself is going to set) is it still.
"""

import asyncio
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from mainspring.sdk import threads
from mainspring.testing.taps import TappedClock, TappedDoor
from mainspring.worker.strands import Ours, Strands, _coroutines
from mainspring.worker.worker import Worker

#: Threads that are ours and wait for somebody.
_OUR_THREADS = ("mainspring-committer", "mainspring-keeper")


def awaited_by_user_code(workers: Iterable[Worker]) -> Iterator[str]:
    """A line for each place at which user code waits for something that goes on by itself."""
    waiting = [place for worker in workers for place in _places(worker)]
    if waiting and _may_be_woken():
        yield from waiting


def _places(worker: Worker) -> Iterator[str]:
    for tenure in worker._roster._all():
        passage = getattr(tenure, "_passage", None)  # none before it has begun
        if passage is None:
            continue
        for strand in _busy(passage.strands):
            yield f"the code of {tenure.held.claimed.job_id} waits at {_place(strand)}"


def _busy(strands: Strands) -> Iterator["asyncio.Task[Any]"]:
    for strand in tuple(strands._all):
        if not (strand.done() or strands._is_blocked(strand, Ours) or _waits_for_us(strand)):
            yield strand


def _waits_for_us(strand: "asyncio.Task[Any]") -> bool:
    """For our clock, or for an answer that is looked at elsewhere."""
    codes = (TappedClock.sleep.__code__, TappedDoor.call.__code__)
    return any(getattr(coro, "cr_code", None) in codes for coro in _coroutines(strand))


def _place(strand: "asyncio.Task[Any]") -> str:
    """The innermost line of it."""
    place = strand.get_name()
    for coro in _coroutines(strand):
        frame = getattr(coro, "cr_frame", None)
        if frame is not None:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_qualname})"
    return place


def _may_be_woken() -> bool:
    """Whether a timer, a connection or a thread is there that could."""
    loop: Any = asyncio.get_running_loop()
    if any(not handle.cancelled() and not _is_ours(handle) for handle in loop._scheduled):
        return True
    selector: Any = getattr(loop, "_selector", None)
    connections: Any = getattr(selector, "get_map", dict)() or {}
    if len(connections) > 1:  # one is the loop's own
        return True
    idle = {threading.main_thread(), threading.current_thread(), *threads.pool.idle}
    idle |= _idle_of(getattr(loop, "_default_executor", None))
    return any(thread not in idle and not _is_deaf(thread) for thread in threading.enumerate())


def _is_deaf(thread: threading.Thread) -> bool:
    """Whether nothing that it does could concern the code of a run: ours, and that of pytest-xdist."""
    if thread.name.startswith(_OUR_THREADS):
        return True
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if "execnet" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _idle_of(executor: Any) -> set[threading.Thread]:
    """The threads of `asyncio.to_thread`, while none of them works."""
    if executor is None or executor._idle_semaphore._value < len(executor._threads):
        return set()
    return set(executor._threads)


def _is_ours(handle: Any) -> bool:
    return str(getattr(handle._callback, "__module__", "")).startswith("mainspring.")
