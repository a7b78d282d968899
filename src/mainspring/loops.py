"""The event loop of processes that are ours alone: uvloop's where it is installed, which turns faster."""

import asyncio
import gc
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: New objects after which the garbage collector looks at the young ones. Python's own 700 is less than one batch
#: of a busy worker makes, and nearly all of them go without its help.
_YOUNG = 50_000


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` for a process of ours, whose modules are loaded: what they made stays for good, so that the
    garbage collector need not go through it again and again."""
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:  # Windows
        return None
    import uvloop  # not where it does not exist

    return uvloop.new_event_loop
