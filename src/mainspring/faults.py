"""Named points in the real code at which tests may kill, fail or observe. Off, a point costs one comparison.

They stand where a death or an error is hardest to get right: around a commit, around an answer, around user
code. The list with what each stands for is in CONTRIBUTING.md; `tests/simulation/` is who uses it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Point = Literal[
    "batch.begin",
    "batch.applied",
    "batch.committed",
    "batch.answered",
    "timers.due",
    "claim.answered",
    "commit.sending",
    "commit.answered",
    "task.starting",
    "task.returned",
    "run.parked",
]

Listener = Callable[[Point], Awaitable[None] | None]

#: What is told of every point that is passed; whatever it raises is raised there.
_listener: Listener | None = None


def at(point: Point) -> Awaitable[None] | None:
    """The code has come to this point. What is returned, around user code, is waited for before it goes on."""
    return None if _listener is None else _listener(point)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Inside, `listener` is told of every point that any thread of this process passes."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
