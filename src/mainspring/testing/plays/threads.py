"""Threads of plain `def` code in a play: only one thing goes on at a time, so that it is the same every time.

Whoever starts a thread, or answers what one asked, waits until it has ended or asks for something.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from mainspring.sdk.threads import pool

#: Seconds of the machine's time: whoever works longer in a play waits for something that is not part of it.
_PATIENCE = 30.0

_local = threading.local()


class Errands:
    """The threads of one play. `rests` is released by each whenever it has come to a rest."""

    def __init__(self) -> None:
        self._home = threading.get_ident()
        self._rests = threading.Semaphore(0)
        #: How many were answered, and have not come to a rest since.
        self._moving = 0

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, threads that this thread starts for plain `def` code are watched."""
        start = pool.start

        def start_and_wait(work: Callable[[], None]) -> None:
            if threading.get_ident() != self._home:
                start(work)
                return
            start(lambda: self._run(work))
            self._wait()

        pool.start = start_and_wait  # type: ignore[method-assign]
        try:
            yield
        finally:
            pool.start = start  # type: ignore[method-assign]

    def _run(self, work: Callable[[], None]) -> None:
        _local.errands = self
        try:
            work()
        finally:
            _local.errands = None
            self._rests.release()

    def asked(self, callback: Any) -> None:
        """A thread has put something in a loop's line; when it waits for the answer it rests."""
        if getattr(_local, "errands", None) is not self:
            return
        answer = _answer_of(callback)
        if answer is not None:
            answer.add_done_callback(self._answered)
            self._rests.release()

    def _answered(self, answer: "Future[Any]") -> None:
        if threading.get_ident() == self._home:
            self._moving += 1

    def wait(self) -> None:
        """Returns when all that were answered rest again."""
        while self._moving:
            self._moving -= 1
            self._wait()

    def _wait(self) -> None:
        if not self._rests.acquire(timeout=_PATIENCE):
            raise AssertionError(
                f"a plain `def` has worked for {_PATIENCE:g} seconds: give tests a fake of what it uses"
            )


def _answer_of(callback: Any) -> "Future[Any] | None":
    """What the thread waits for that hands over this function: a future that it closes around."""
    for cell in getattr(callback, "__closure__", None) or ():
        if isinstance(cell.cell_contents, Future):
            return cell.cell_contents
    return None
