"""The platform inside the user's own process: `client.embedded`, `.lifespan`, `.asgi`, `.run`.

What runs jobs is named here by a text and brought in when it is first needed: neither the SDK's imports nor its
start-up cost include it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Self

from mainspring.errors import DefinitionError
from mainspring.sdk.api import Api

_OPEN, _RUN = "mainspring.embedded:open_embedded", "mainspring.embedded:run_embedded"

#: An ASGI app's arguments, as every framework calls it.
AsgiScope = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[AsgiScope, AsgiReceive, AsgiSend], Awaitable[None]]

_ABSENT = b"""{"type": "urn:mainspring:error:server_unavailable", "title": "Server unavailable", "status": 503, \
"detail": "Mainspring is not running in this process. Start it with `async with client.embedded():` or \
`FastAPI(lifespan=client.lifespan)`.", "code": "server_unavailable", "errors": []}"""


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


class Serving:
    """The part of `Client` that serves."""

    _api: Api
    #: The API as an ASGI app, while the platform is inside this process.
    _inside: AsgiApp | None = None
    _is_embedded = False

    @asynccontextmanager
    async def embedded(
        self, url: str | None = None, *, concurrency: int | None = None
    ) -> AsyncIterator[Self]:
        """Run engine and worker inside this process: `async with client.embedded(url="sqlite:///shop.db"):`.

        Within it, the calls of this client and its jobs go to the engine without HTTP. `url` is the database
        (the setting `database_url` otherwise), made and migrated when needed; `concurrency` is how many runs go on
        side by side (`worker_concurrency`). Leaving lets runs in flight go to their next checkpoint; they go on
        when the process is started again, and so they do after it was killed.

        One process at a time can have an SQLite database: `DatabaseInUse` for a second one. Also raises
        `InvalidSetting`, `DatabaseUnavailable`, `SchemaTooNew`.
        """
        if self._is_embedded:
            raise DefinitionError(
                f"{self!r} is embedded already",
                mend="Enter client.embedded() once, where the process starts.",
            )
        self._is_embedded = True
        flags = {**self._api.flags, "database_url": url, "worker_concurrency": concurrency}
        try:
            async with _found(_OPEN)(self, flags) as platform:
                self._inside = platform.answer
                try:
                    yield self
                finally:
                    self._inside = None
        finally:
            self._is_embedded = False

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncIterator[None]:
        """For `FastAPI(lifespan=client.lifespan)`, or Starlette's: `embedded()` for as long as the app runs."""
        async with self.embedded():
            yield

    def asgi(self) -> AsgiApp:
        """The API as an ASGI app: `app.mount("/mainspring", client.asgi())`.

        It answers while the platform is embedded in this process, and with 503 at other times. Requests need an API
        key as everywhere.
        """

        async def answer(scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
            if self._inside is not None:
                await self._inside(scope, receive, send)
            elif scope["type"] == "http":
                headers = [(b"content-type", b"application/problem+json")]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body", "body": _ABSENT})

        return answer

    def run(
        self,
        url: str | None = None,
        *,
        host: str | None = None,
        port: int | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Run engine, worker and API in this process until ctrl-C or SIGTERM: the last line of a script.

        `url` and `concurrency` as for `embedded`; `host` and `port` are where the API answers (the settings of
        those names otherwise). Raises `PortInUse`, and what `embedded` raises.
        """
        flags = {**self._api.flags, "database_url": url, "worker_concurrency": concurrency}
        _found(_RUN)(self, {**flags, "host": host, "port": port})
