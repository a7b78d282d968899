"""Requests that are held open: given up when the client hangs up, and answered early when the server stops."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Draining:
    """Set once when the server is about to stop, so that nothing held open delays it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._held: set[asyncio.Future[Any]] = set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def begin(self) -> None:
        self._event.set()
        for held in tuple(self._held):
            held.cancel()

    @contextmanager
    def ending(self, held: asyncio.Future[Any]) -> Iterator[None]:
        """Inside, `held` is cancelled when the server is about to stop; at once when it already is."""
        if self:
            held.cancel()
        self._held.add(held)
        try:
            yield
        finally:
            self._held.discard(held)

    async def wait(self) -> None:
        await self._event.wait()


async def hold(request: Request, work: Coroutine[Any, Any, T], draining: Draining) -> T | None:
    """The result of `work`; None, with `work` cancelled and over, when the client left or the server stops.

    The request's body must have been read already.
    """
    answer = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        with draining.ending(answer):
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() and not answer.cancelled() else None
    finally:
        answer.cancel()
        gone.cancel()
        # Not before the work is really over: a claim withdrawn must not be answered behind our back.
        await asyncio.gather(answer, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
