"""Why user code is made to stop, and how the reason reaches it.

Each reason is the public control-flow error and an `asyncio.CancelledError` at once: `except Exception` lets it
pass, task groups and `gather` clean up after it, and no asyncio task that ends with it warns about it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from mainspring.errors import ControlFlow, LeaseRevoked, RunCancelled, RunSuspended


class Suspended(RunSuspended, asyncio.CancelledError):
    """The run is set aside here: it waits, is given back, or has ended already."""


class Cancelled(RunCancelled, asyncio.CancelledError):
    """Someone cancelled the run."""


class Revoked(LeaseRevoked, asyncio.CancelledError):
    """The lease is gone: nothing that happens here would be kept."""


Stop = type[Suspended] | type[Cancelled] | type[Revoked]

_WORDS: dict[Stop, str] = {
    Suspended: "the run stops here for now",
    Cancelled: "the run was cancelled",
    Revoked: "this worker lost its lease of the run",
}


def stop_error(stop: Stop) -> Suspended | Cancelled | Revoked:
    """A fresh error that says why user code must stop."""
    return stop(_WORDS[stop])


class Guarded(Coroutine[Any, Any, Any]):
    """A body's coroutine. A cancel that the worker asked for arrives in user code as its reason.

    Cancels of other origin (`asyncio.timeout`, a task group) pass unchanged, which `reason` tells by None.
    """

    __slots__ = ("_reason", "coro", "send")

    #: The coroutine's own: every turn of user code comes by here.
    send: Callable[[Any], Any]

    def __init__(self, coro: Coroutine[Any, Any, Any], reason: Callable[[], Stop | None]) -> None:
        self.coro = coro
        self.send = coro.send
        self._reason = reason

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        error = val if isinstance(val, BaseException) else typ() if isinstance(typ, type) else typ
        if isinstance(error, asyncio.CancelledError) and not isinstance(error, ControlFlow):
            reason = self._reason()
            if reason is not None:
                error = stop_error(reason)
        return self.coro.throw(error)

    def close(self) -> None:
        self.coro.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.coro.__await__()
