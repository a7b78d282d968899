"""Following a live stream: it is opened again after every loss, and goes on after the last message that came."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import httpx2

from mainspring.client.answers import answer_in, error_of, unreachable
from mainspring.client.connection import Connections, timeouts
from mainspring.client.sse import messages
from mainspring.clock import SECOND, Clock
from mainspring.errors import MainspringError, RateLimited, ServerUnavailable
from mainspring.model.streams import Streamed

#: The server says every 15 seconds that it lives. Seconds.
SILENCE = 45.0
#: The pause before a stream is opened again grows up to this, in microseconds.
_FIRST_PAUSE, _LONGEST_PAUSE = SECOND // 10, 2 * SECOND
#: Times that it cannot be opened, one after the other, until that is an error: about a minute.
_MOST_LOST = 30

#: Told of a connection that was lost, and is being made again.
Lost = Callable[[MainspringError], None]


async def follow(
    connections: Connections,
    clock: Clock,
    path: str,
    params: Mapping[str, Any],
    after: str | None,
    lost: Lost | None = None,
) -> AsyncGenerator[Streamed, None]:
    """The messages after the id `after`, each once and in order, until the server says that it was the end.

    `lost` is told when the server is away, once each time. Raises the `MainspringError` that the server answers
    with, and `ServerUnavailable` when it stays away.
    """
    losses = 0
    while True:
        try:
            async with aclosing(_opened(connections, path, params, after)) as stream:
                async for message in stream:
                    losses = 0
                    if message.id is not None:
                        after = message.id
                    if message.kind != "place":
                        yield message
                    if message.kind == "end":
                        return
        except (ServerUnavailable, RateLimited) as error:
            losses += 1
            if losses >= _MOST_LOST:
                raise
            if losses == 1 and lost is not None:
                lost(error)
        await clock.sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE << min(losses, 10)))


async def _opened(
    connections: Connections, path: str, params: Mapping[str, Any], after: str | None
) -> AsyncGenerator[Streamed, None]:
    headers = {"Accept": "text/event-stream", **({} if after is None else {"Last-Event-ID": after})}
    try:
        async with connections.client().stream(
            "GET", path, params=dict(params), headers=headers, timeout=timeouts(SILENCE)
        ) as response:
            if not response.is_success:
                await response.aread()
                raise error_of(answer_in(response), connections.url)
            if response.status_code == 204:
                yield Streamed("end", None)
                return
            async for message in messages(response.aiter_lines()):
                yield message
    except httpx2.TransportError as error:
        raise unreachable(error, connections.url) from None
