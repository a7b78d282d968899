"""A way between processes that can fail: a TCP proxy that resets, delays, and swallows what it carries.

Given several targets it is what stands before several server copies: each connection goes to the next one that
takes it and was well when it was last asked, as every balancer does it.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

#: Closing sends a reset instead of a goodbye.
_LINGER = struct.pack("ii", 1, 0)
_CHUNK = 1 << 16
#: Seconds between two questions how a target is, and for an answer to one.
_ASKS_EVERY, _ANSWERS_WITHIN = 1.0, 2.0


class Way:
    """`with Way(8000, 8001) as way:` leads from `way.port` to those ports of this machine."""

    def __init__(self, *targets: int) -> None:
        self._targets: Sequence[int] = targets
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[_Link] = set()
        #: Seconds that every chunk is held up; whether new connections are swallowed.
        self.delay = 0.0
        self.is_swallowing = False
        self.port = 0
        #: Targets that take connections and answer nothing.
        self._hanging: set[int] = set()
        self._watches: Sequence[Future[None]] = ()

    def __enter__(self) -> "Way":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._link, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        if len(self._targets) > 1:
            self._watches = [
                asyncio.run_coroutine_threadsafe(self._watch(target), self._loop) for target in self._targets
            ]
        return self

    def __exit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.cancel()
        self._loop.call_soon_threadsafe(
            self._server.close
        )  # of two threads that end a link it may lose count
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> int:
        """Every connection breaks at both ends, at once; how many."""
        return self._do(self._reset_all())

    def swallow(self, *, also_new: bool = False) -> None:
        """Open connections stay open and carry nothing any more, whoever speaks: both ends see a silent peer.
        New ones work, unless they are swallowed too."""
        self._do(self._swallow_all(also_new))

    def mend(self) -> None:
        """New connections work again; what was swallowed stays so, as a lost connection does."""
        self.is_swallowing = False

    def _do(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(20)

    async def _reset_all(self) -> int:
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def _swallow_all(self, also_new: bool) -> None:
        self.is_swallowing = also_new
        for link in self._links:
            link.is_swallowed = True

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, writer)
        self._links.add(link)
        link.is_swallowed = self.is_swallowing
        try:
            there = await self._reached()
            if there is None:
                link.reset()
                return
            link.far = there[1]
            pumps = {
                asyncio.ensure_future(link.pump(reader, there[1])),
                asyncio.ensure_future(link.pump(there[0], writer)),
            }
            await asyncio.wait(pumps)
        finally:
            self._links.discard(link)
            link.close()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The next target that takes the connection, if any that does not hang."""
        first = next(self._turn)
        for number in range(len(self._targets)):
            target = self._targets[(first + number) % len(self._targets)]
            if target not in self._hanging:
                with contextlib.suppress(OSError):
                    return await asyncio.open_connection("127.0.0.1", target)
        return None

    async def _watch(self, target: int) -> None:
        while True:
            try:
                async with asyncio.timeout(_ANSWERS_WITHIN):
                    await _ask_how_it_is(target)
                self._hanging.discard(target)
            except TimeoutError:
                self._hanging.add(target)
            except OSError:  # it is not there, which who connects will see
                self._hanging.discard(target)
            await asyncio.to_thread(threading.Event().wait, _ASKS_EVERY)


async def _ask_how_it_is(target: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await reader.read()
    finally:
        writer.transport.abort()


class _Link:
    """One connection: the two sides of it."""

    def __init__(self, way: Way, near: asyncio.StreamWriter) -> None:
        self._way = way
        self._near = near
        self.far: asyncio.StreamWriter | None = None
        self.is_swallowed = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries bytes one way until either end is over."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._way.delay:
                    await asyncio.to_thread(threading.Event().wait, self._way.delay)
                if self.is_swallowed:
                    continue
                writer.write(data)
                await writer.drain()
        if not self.is_swallowed:
            writer.close()

    def reset(self) -> None:
        for writer in (self._near, self.far):
            if writer is not None:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
                writer.transport.abort()

    def close(self) -> None:
        for writer in (self._near, self.far):
            if writer is not None:
                writer.close()
