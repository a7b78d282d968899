"""The door over HTTP: one request, its decoded answer; sent again when that is safe and the answer was lost."""

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx2

from mainspring.client.answers import content_of, decoded
from mainspring.client.connection import Address, Connections, target
from mainspring.client.following import Lost, follow
from mainspring.client.inprocess import InProcess
from mainspring.client.wire import Request
from mainspring.clock import SECOND, Clock, SystemClock
from mainspring.errors import BadRequest, MainspringError, RateLimited, ServerUnavailable, TooManyStarts
from mainspring.model.streams import Streamed

#: Seconds one try may take.
TRY_TIMEOUT = 30.0
#: Pauses before the second, third, ... try, in microseconds, each halved at random: about a second in all.
PAUSES = (100_000, 300_000, 900_000)
#: A server that asks for more patience than this is not waited for: the caller decides.
LONGEST_PAUSE = 5 * SECOND


class HttpDoor:
    """Implements `Door` of `sdk/door.py`. May be used from several event loops, each with its own connections."""

    def __init__(self, connections: Connections, clock: Clock, lost: Lost | None = None) -> None:
        """`lost` is told of streams that broke and are opened again."""
        self._connections = connections
        self._clock = clock
        self._lost = lost

    def __repr__(self) -> str:
        return f"HttpDoor({self._connections!r})"

    @property
    def url(self) -> str:
        return self._connections.url

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The decoded answer, None when it has no body; see `Door.call`.

        A write without an `idempotency_key` is given one of its own, so that every call is safe to send again.
        """
        headers = {"X-Request-Id": uuid4().hex}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if method != "GET":
            headers["Idempotency-Key"] = _one_line(idempotency_key) if idempotency_key else uuid4().hex
        # A request that asks the server to hold it is silent for that long by design.
        silence = timeout or TRY_TIMEOUT + float((params or {}).get("wait") or 0)
        content = None if body is None else body.encode()
        request = Request(method, target(path, _query(params)), headers, content, silence)
        return decoded(await self._sent(request))

    async def _sent(self, request: Request) -> bytes:
        for pause in (*PAUSES, None):
            try:
                return content_of(await self._connections.ask(request), self._connections.url)
            except (ServerUnavailable, RateLimited) as error:
                if pause is None or not _is_worth_waiting(error):
                    raise
                await self._clock.sleep(_pause(error, pause))
        raise AssertionError("the last try returns or raises")

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        """The messages of a live stream; see `Door.stream`."""
        return follow(self._connections, self._clock, path, _query(params), after, self._lost)

    async def aclose(self) -> None:
        await self._connections.aclose()


def open_door(
    url: str,
    key: str,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    clock: Clock | None = None,
    lost: Lost | None = None,
) -> HttpDoor:
    """A door to the server at `url`; nothing is connected before the first call.

    Raises `InvalidSetting` for a URL, `Unauthorized` for a key that cannot be one.
    """
    return HttpDoor(Connections(Address(url, key), transport), clock or SystemClock(), lost)


def door_into(app: Callable[..., Any], key: str, url: str = "http://127.0.0.1") -> HttpDoor:
    """A door to an ASGI app in this process, without a socket; used on one event loop. `url`: as it shall see it."""
    return open_door(url, key, transport=InProcess(app))


def _one_line(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise BadRequest(f"the idempotency key {key[:64]!r} must be of printable ASCII characters")
    return key


def _is_worth_waiting(error: MainspringError) -> bool:
    if isinstance(error, TooManyStarts):  # the job's own limit: whoever asks decides
        return False
    return not isinstance(error, RateLimited) or (error.retry_after or 0) * SECOND <= LONGEST_PAUSE


def _pause(error: MainspringError, pause: int) -> int:
    """Microseconds until the next try: what the server asked for, else `pause` with jitter."""
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return round(error.retry_after * SECOND)
    return round(pause * random.uniform(0.5, 1.0))


def _query(params: Mapping[str, Any] | None) -> dict[str, str | list[str]]:
    return {name: _said(value) for name, value in (params or {}).items() if value is not None}


def _said(value: Any) -> str | list[str]:
    """A list is a parameter that is repeated."""
    return [_text(one) for one in value] if isinstance(value, list | tuple) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
