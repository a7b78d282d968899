"""A way between processes that can fail: a TCP proxy that resets, delays, and swallows what it carries.

Given several targets it is what stands before several server copies: each connection goes to the next one that
takes it.
"""

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Coroutine, Sequence
from typing import Any

#: Closing sends a reset instead of a goodbye.
_LINGER = struct.pack("ii", 1, 0)
_CHUNK = 1 << 16


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

    def __enter__(self) -> "Way":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._link, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
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
        """The next target that takes the connection."""
        first = next(self._turn)
        for number in range(len(self._targets)):
            target = self._targets[(first + number) % len(self._targets)]
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", target)
        return None


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
