"""The ASGI server inside our own event loop: a port taken before anything starts, signals left to whoever runs us."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainspring.errors import InvalidSetting, PortInUse
from mainspring.server.joined import JoinedWrites
from mainspring.server.stream import CUT_OFF

#: Seconds that requests under way may take after a stop; those held open are answered at once.
GRACE = 5
#: Longer than clients keep idle connections, so that none is closed under a request. Seconds.
KEEP_ALIVE = 75
BACKLOG = 2_048


class Listener:
    """A taken port, and the server behind it once `serve` runs."""

    def __init__(self, host: str, port: int) -> None:
        """Takes the port; raises `PortInUse`, or `InvalidSetting` for an address that is not this machine's."""
        self._socket = _listening(host, port)
        self._host: str = self._socket.getsockname()[0]
        #: The port in force, also when 0 asked for a free one.
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None
        self._is_stopped = False

    @property
    def url(self) -> str:
        """Where a program on this machine finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def serve(self, app: ASGIApp, on_ready: Callable[[], None] = lambda: None) -> None:
        """Answers until `stop`; being cancelled stops it too, in order. `on_ready` is called once it answers."""
        if self._is_stopped:
            self._socket.close()
            return
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            backlog=BACKLOG,
        )
        self._server = _Server(config, on_ready)
        serving = asyncio.ensure_future(self._server.serve([self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.stop()
            await serving
            raise

    def stop(self) -> None:
        """Lets requests under way finish, then `serve` returns."""
        self._is_stopped = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Gives the port back, when `serve` never ran."""
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which otherwise takes the process's signals, and says nothing when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives an app no means to cut off a reader that takes nothing: what is under way
    to it would be kept, with its socket, for as long as it likes. Heads and bodies go out together."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a base type of it
        super().connection_made(cast(asyncio.Transport, JoinedWrites(transport)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT_OFF: {"now": self.transport.abort}}


def _listening(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise _bad_host(host, "there is no such address") from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "SO_REUSEPORT"):  # not Windows, where REUSEADDR would share a port in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # Listening now, not only bound: that is when a second process is refused.
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"port {port} on {host} is in use", port=port) from None
        if error.errno == errno.EACCES:
            raise PortInUse(f"this user may not listen on port {port}", port=port) from None
        raise _bad_host(host, error.strerror or "it cannot be listened on") from None
    listening.setblocking(False)
    return listening


def _bad_host(host: str, reason: str) -> InvalidSetting:
    return InvalidSetting(
        f"cannot listen on {host!r}: {reason}",
        mend="Use an address of this machine, like 127.0.0.1, or 0.0.0.0 for all of them (`--host`).",
        setting="host",
    )
