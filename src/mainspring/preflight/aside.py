"""A loop of its own in a thread of its own, for code that may hang: whoever waits for it is told where."""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from mainspring.worker.failures import is_ours

T = TypeVar("T")

_BEAT = 0.2


def run_aside(make: Callable[[], Coroutine[Any, Any, T]], patience: float) -> T:
    """What the coroutine comes to. Raises what it raises, and `TimeoutError` that says where the loop hangs when it
    has not turned for so many seconds: user code blocks it, and its thread is left behind."""
    done: Future[T] = Future()
    beat = [time.monotonic()]

    async def beating() -> T:
        loop = asyncio.get_running_loop()

        def note() -> None:
            beat[0] = time.monotonic()
            loop.call_later(_BEAT, note)

        note()
        return await make()

    def run() -> None:
        try:
            done.set_result(asyncio.run(beating()))
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=run, name="mainspring-preflight", daemon=True)
    thread.start()
    while True:
        try:
            return done.result(timeout=_BEAT)
        except TimeoutError:
            if done.done():
                return done.result()
        if time.monotonic() - beat[0] > patience:
            raise TimeoutError(
                f"code that is checked blocks for more than {patience:g} s {_where(thread)}: "
                "it must not wait outside of tasks"
            )


def _where(thread: threading.Thread) -> str:
    """The user's innermost line in a thread that hangs."""
    frame = sys._current_frames().get(thread.ident or 0)
    lines = [one for one in traceback.extract_stack(frame) if not is_ours(one.filename)] if frame else []
    mine = [one for one in lines if "mainspring" not in one.filename]
    return f"at {mine[-1].filename}:{mine[-1].lineno}" if mine else "somewhere"
