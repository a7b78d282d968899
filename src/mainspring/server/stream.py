"""Live streams (server-sent events): each reader goes through the history with a cursor of its own, at its own pace.

Nothing is queued for a reader: a page is read when the one before it was taken. Commits only wake readers; one
who misses that is late, and misses nothing.
"""

import asyncio
import heapq
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mainspring.clock import SECOND, Clock
from mainspring.engine.news import News, Place
from mainspring.errors import BadRequest, MainspringError
from mainspring.model.history import Entry
from mainspring.model.logs import LogLine
from mainspring.server.call import Call, holder_of
from mainspring.server.shapes.account import log_shape
from mainspring.server.shapes.spans import span_facts
from mainspring.server.shapes.streams import chunk_shape, run_now_shape, streamed_entry_shape

#: Entries read and sent at once: what a reader may occupy in memory.
PAGE = 200
#: A silent stream says that it lives, before proxies think otherwise.
PING_EVERY = 15 * SECOND
#: A reader that takes nothing for so long is dropped; it may come back and go on where it was.
STALLED_AFTER = 30 * SECOND
#: Seconds between looks while a transaction holds newer entries back, and the least between any two.
_BEHIND = 0.05
_BREATH = 0.02

#: The ASGI extension by which our own listener cuts off a connection: `{"now": () -> None}`.
CUT_OFF = "mainspring.cut_off"

#: News after a place.
Ask = Callable[[Place], Awaitable[News]]

#: An id of an event: the sequence, and where log lines are told, the one told last.
_ID = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}\.[0-9]{1,18}))?")


class StreamResponse(Response):
    """Sends what `source` makes until it ends, the reader leaves or stops reading, or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncGenerator[bytes, None], clock: Clock) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._source = source
        self._clock = clock
        self._is_stalled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in (sending, leaving):
                future.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._source.aclose()
            if self._is_stalled:
                cut_off = scope.get("extensions", {}).get(CUT_OFF)
                if cut_off is not None:
                    cut_off["now"]()
                    await _gone(receive)

    async def _send_all(self, send: Send) -> None:
        async for part in self._source:
            if not await self._taken(send({"type": "http.response.body", "body": part, "more_body": True})):
                self._is_stalled = True
                return
        await self._taken(send({"type": "http.response.body", "body": b"", "more_body": False}))

    async def _taken(self, sent: Awaitable[None]) -> bool:
        """Whether the reader took it before it counts as stalled."""
        sending = asyncio.ensure_future(sent)
        try:
            await first_of(sending, asyncio.ensure_future(self._clock.sleep(STALLED_AFTER)))
            return sending.done() and sending.exception() is None
        finally:
            sending.cancel()


class Feed:
    """What one reader is sent: news of one run until it has ended, or of an environment for ever."""

    def __init__(self, call: Call, ask: Ask, place: Place, run_id: str | None = None) -> None:
        self._call = call
        self._ask = ask
        self._place = place
        self._run_id = run_id
        self._changed = asyncio.Event()
        self._told: str | None = None

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Server-sent events, a page at a time."""
        with self._call.engine.watching(self._notice):
            yield self._opening()
            while True:
                self._changed.clear()
                try:
                    # A key that was revoked meanwhile sees nothing more.
                    await holder_of(self._call.request)
                    news = await self._ask(self._place)
                except MainspringError:
                    return  # the reader comes back, and is told then what is wrong
                page, is_end = self._page(news)
                self._place = replace(self._place, sequence=news.until)
                if page:
                    yield page
                if is_end:
                    return
                if len(news.entries) < PAGE and not await self._wait(news.is_all):
                    if self._call.services.draining:
                        return
                    yield b": ping\n\n"

    def _opening(self) -> bytes:
        """A comment; and of an environment, whose reader begins at whatever is newest, the place where that is: it
        goes on from there also when it is cut off before anything happens."""
        return (
            b": Mainspring\n\n" if self._run_id else f": Mainspring\nid: {self._place.sequence}\n\n".encode()
        )

    def _notice(self, run_ids: set[str]) -> None:
        if not run_ids or self._run_id is None or self._run_id in run_ids:
            self._changed.set()

    def _page(self, news: News) -> tuple[bytes, bool]:
        """The news as they are sent, and whether nothing can follow."""
        parts = []
        if news.run is not None:
            shown = run_now_shape(news.run).model_dump_json()
            if shown != self._told:
                self._told = shown
                parts.append(_event("run", shown))
        if news.spans:  # before the entries: who comes back after an entry's id has what it changed
            parts.append(_event("spans", to_json([span_facts(span) for span in news.spans]).decode()))
        told: Iterable[Entry | LogLine] = news.entries
        if news.logs:  # by time, as far as each keeps its own order
            told = heapq.merge(told, news.logs, key=lambda one: one.at)
        parts += [self._told_event(one) for one in told]
        is_end = has_ended(news)
        if is_end and news.run is not None:
            parts.append(_event("end", run_now_shape(news.run).model_dump_json()))
        return "".join(parts).encode(), is_end

    def _told_event(self, one: Entry | LogLine) -> str:
        if isinstance(one, LogLine):
            shape = log_shape(one)
            self._place = replace(self._place, log=shape.id)
            return _event("log", shape.model_dump_json(), self._place)
        self._place = replace(self._place, sequence=one.sequence)
        if one.kind == "STREAM_APPENDED":
            return _event("chunk", chunk_shape(one).model_dump_json(), self._place)
        return _event("entry", streamed_entry_shape(one).model_dump_json(), self._place)

    async def _wait(self, is_all: bool) -> bool:
        """True when it is worth to look again; False when it is time for a ping, or the server stops."""
        await asyncio.sleep(_BREATH if is_all else _BEHIND)  # what happens meanwhile is read in one go
        if not is_all or self._changed.is_set():
            return True
        changed, draining, nap = (
            asyncio.ensure_future(coming)
            for coming in (
                _until(self._changed.wait()),
                self._call.services.draining.wait(),
                self._call.services.clock.sleep(PING_EVERY),
            )
        )
        await first_of(changed, draining, nap)
        return self._changed.is_set() and not self._call.services.draining


def has_ended(news: News) -> bool:
    """Whether the run has ended and all that it did is in these news."""
    return news.run is not None and news.run.finished_at is not None and news.is_all


def place_of(request: Request) -> Place | None:
    """Where a reader goes on: the `Last-Event-ID` header, which browsers send when they come
    back, or else the parameter `last_event_id`. None: it begins."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    if not text:
        return None
    found = _ID.fullmatch(text)
    if found is None:
        message = "is no id of an event of this stream"
        raise BadRequest(f"last_event_id: {message}", errors=[{"path": "last_event_id", "message": message}])
    return Place(int(found[1]), found[2])


async def first_of(*futures: asyncio.Future[Any]) -> None:
    """Returns when one is done; the others are cancelled."""
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in futures:
            if not future.done():
                future.cancel()


async def _until(coming: Coroutine[Any, Any, Any]) -> None:
    await coming


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(kind: str, data: str, place: Place | None = None) -> str:
    """One event; JSON text has no line breaks."""
    head = ""
    if place is not None:
        head = f"id: {place.sequence}\n" if place.log is None else f"id: {place.sequence}-{place.log}\n"
    return f"{head}event: {kind}\ndata: {data}\n\n"
