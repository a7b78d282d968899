"""Requests over connections of our own: one write, one read and an answer parsed in C, for the calls that come by
the thousand. httpx2, which does a great deal more, takes ten times as long for each.

HTTP/1.1, kept alive; an exchange at a time per connection, and as many connections as exchanges at once.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from httptools import HttpParserError, HttpResponseParser

from mainspring.client.answers import Answer

#: A lost packet is sent again within this; a server that lives accepts at once. Seconds.
CONNECT_TIMEOUT = 5.0
#: Connections kept when nobody uses them, and for how long: less than any server keeps them. Seconds.
MOST_IDLE = 20
IDLE_FOR = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `target` is path and query, percent-encoded; each header is one line of ASCII."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None = None
    #: Seconds of silence that are too many; None: none are.
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is, and what every request to it says about itself."""

    host: str
    port: int
    #: None: plain http.
    security: ssl.SSLContext | None
    #: Before every path.
    prefix: str
    #: Header lines of every request.
    head: str

    @classmethod
    def of(cls, url: str, security: ssl.SSLContext | None, headers: dict[str, str]) -> "Place":
        """The place of a checked URL; `security` counts for https."""
        parts = urlsplit(url)
        is_secure = parts.scheme == "https"
        lines = {"Host": parts.netloc, "Accept": "application/json", **headers}
        return cls(
            parts.hostname or "",
            parts.port or (443 if is_secure else 80),
            security if is_secure else None,
            parts.path,
            _lines(lines),
        )


class Wire:
    """The connections of one event loop to one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._loop = asyncio.get_running_loop()
        #: The one used last comes last, and is used first.
        self._idle: list[_Connection] = []
        self._in_use: set[_Connection] = set()

    async def ask(self, request: Request) -> Answer:
        """The answer. Cancelling it hangs up. Raises httpx2's `TransportError`s when no answer came."""
        connection = self._take() or await self._connect()
        self._in_use.add(connection)
        try:
            answer = await connection.exchange(self._written(request), request.timeout)
        except BaseException:
            connection.close()
            raise
        finally:
            self._in_use.discard(connection)
        if connection.is_usable:
            self._keep(connection)
        return answer

    def close(self) -> None:
        """Closes the idle connections; those in use close with their exchange, if that is cancelled."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def renew(self) -> None:
        """Hangs up everywhere: exchanges under way fail as lost, later ones have connections of their own."""
        self.close()
        for connection in self._in_use:
            connection.close()

    def _written(self, request: Request) -> bytes:
        place, body = self._place, request.body or b""
        length = f"Content-Length: {len(body)}\r\n" if body or request.method != "GET" else ""
        head = f"{request.method} {place.prefix}{request.target} HTTP/1.1\r\n{place.head}{_lines(request.headers)}"
        return f"{head}{length}\r\n".encode("ascii") + body

    def _take(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and self._loop.time() - connection.used_at < IDLE_FOR:
                return connection
            connection.close()
        return None

    def _keep(self, connection: "_Connection") -> None:
        connection.used_at = self._loop.time()
        self._idle.append(connection)
        if len(self._idle) > MOST_IDLE:
            self._idle.pop(0).close()

    async def _connect(self) -> "_Connection":
        place = self._place
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(self._loop), place.host, place.port, ssl=place.security
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(str(error)) from error
        except OSError as error:  # of which TLS errors are some
            raise httpx2.ConnectError(str(error)) from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection, and the exchange that is under way on it. Its parser calls `on_...`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.used_at = 0.0
        self.is_usable = True
        self._loop = loop
        self._transport: Any = None
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        #: The headers are here, and no length: such an answer ends with the connection.
        self._ends_with_connection = False
        self._silent_since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def exchange(self, request: bytes, timeout: float | None) -> Answer:
        self._answer = self._loop.create_future()
        self._headers, self._pieces, self._ends_with_connection = {}, [], False
        self._silent_since = self._loop.time()
        if timeout is not None:
            self._timer = self._loop.call_later(timeout, self._look_at_time, timeout)
        try:
            self._transport.write(request)
            return await self._answer
        finally:
            self._answer = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def close(self) -> None:
        """Hangs up; what was not sent yet is not sent."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.abort()

    def _look_at_time(self, timeout: float) -> None:
        left = self._silent_since + timeout - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_at_time, timeout)
        else:
            self._fail(httpx2.ReadTimeout(f"{timeout:g} seconds of silence"))

    def _fail(self, error: httpx2.TransportError) -> None:
        self.is_usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            answer = Answer(self._parser.get_status_code(), self._headers, b"".join(self._pieces))
            self._answer.set_result(answer)

    # ── called by the transport ──────────────────────────────────────────────────────────────────────
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._silent_since = self._loop.time()
        if self._answer is None:  # nobody asked
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(httpx2.RemoteProtocolError(str(error)))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_usable = False
        if self._ends_with_connection and error is None:
            self._finish()
        self._fail(httpx2.ReadError(str(error or "the connection was closed")))

    # ── called by the parser ─────────────────────────────────────────────────────────────────────────
    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._ends_with_connection = not {"content-length", "transfer-encoding"} & self._headers.keys()

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # a word on the way; the answer is still to come
            self._headers = {}
            return
        if not self._parser.should_keep_alive():
            self.is_usable = False
        self._finish()


def _lines(headers: dict[str, str]) -> str:
    """Header lines."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
