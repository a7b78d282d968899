"""An ASGI app in this process as a transport for HTTP: no socket, and answers that come piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2

#: Pieces of an answer that wait to be read; the app waits then.
_MOST_PIECES = 16


class InProcess(httpx2.AsyncBaseTransport):
    """Sends requests to `app` on the running loop."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _Exchange(await request.aread())
        exchange.answering = asyncio.ensure_future(exchange.answer(self._app, _scope(request)))
        try:
            status, headers = await exchange.begun
        except BaseException:
            exchange.answering.cancel()
            raise
        return httpx2.Response(status, headers=headers, stream=_Answer(exchange))


class _Exchange:
    """One request on its way through the app."""

    def __init__(self, body: bytes) -> None:
        self.begun: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_PIECES)
        self.answering: asyncio.Future[None]
        self._body: bytes | None = body
        self._is_over = asyncio.Event()

    async def answer(self, app: Callable[..., Any], scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        except Exception as error:
            if self.begun.done():
                raise
            self.begun.set_exception(error)
        finally:
            if not self.begun.done():
                self.begun.cancel()

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._is_over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.begun.set_result((message["status"], message.get("headers", [])))
        elif message["type"] == "http.response.body":
            if message.get("body"):
                await self.pieces.put(message["body"])
            if not message.get("more_body"):
                await self.pieces.put(None)

    async def leave(self) -> None:
        """The reader has all it wants; what the app still does for it ends."""
        self._is_over.set()
        self.answering.cancel()
        await asyncio.gather(self.answering, return_exceptions=True)


class _Answer(httpx2.AsyncByteStream):
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            piece = asyncio.ensure_future(self._exchange.pieces.get())
            try:
                ends: set[asyncio.Future[Any]] = {piece, self._exchange.answering}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                if not piece.done() and self._exchange.pieces.empty():
                    raise httpx2.RemoteProtocolError("the app ended without finishing its answer")
                read = await piece
            finally:
                piece.cancel()
            if read is None:
                return
            yield read

    async def aclose(self) -> None:
        await self._exchange.leave()


def _scope(request: httpx2.Request) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }
