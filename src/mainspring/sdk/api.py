"""The way to the API from outside runs: a door that is opened when it is first needed, and pages of lists."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from mainspring.errors import Unauthorized
from mainspring.model.streams import Streamed
from mainspring.sdk.door import API, Door, NearDoor, OpenDoor
from mainspring.sdk.sealing import Sealing

T = TypeVar("T")

#: Where the HTTP door is made. By name, so that neither the SDK's imports nor its start-up cost include HTTP.
_HTTP_DOOR = "mainspring.client.gathering:open_gathering_door"


class Api:
    """Calls to one environment of one server."""

    def __init__(self, api_key: str | None, api_url: str | None, sealing: Sealing | None = None) -> None:
        self._sealing = sealing
        #: Settings given in code, by name; they go before the environment's.
        self.flags = {name: value for name, value in (("api_key", api_key), ("api_url", api_url)) if value}
        self._door: Door | None = None
        #: The door, where it leads into this process and nothing that goes through it is encrypted.
        self.near: NearDoor | None = None

    def use(self, door: Door | None) -> None:
        """Go through `door` from now on; None goes back to HTTP."""
        self._door = door
        self.near = door if self._sealing is None and isinstance(door, NearDoor) else None

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
        """As `Door.call`; `path` comes after /api/v1."""
        if self._door is None:
            self._door = self._open()
        sealing = self._sealing
        if sealing is not None and body is not None:
            body = sealing.seal_body(body)
        answer = await self._door.call(
            method, API + path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return answer if sealing is None else sealing.open(answer)

    async def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        """As `Door.stream`; `path` comes after /api/v1."""
        if self._door is None:
            self._door = self._open()
        sealing = self._sealing
        async with aclosing(self._door.stream(API + path, params=params, after=after)) as messages:
            async for message in messages:
                yield message if sealing is None else replace(message, data=sealing.open(message.data))

    def _open(self) -> Door:
        # Start-up cost: only needed once there is something to ask.
        from mainspring.settings import load_settings

        settings = load_settings(self.flags)
        if not settings.api_key:
            raise Unauthorized("there is no API key")
        module, _, name = _HTTP_DOOR.partition(":")
        open_door: OpenDoor = getattr(import_module(module), name)
        return open_door(settings.api_url, settings.api_key)

    async def aclose(self) -> None:
        """Close the connections made in this event loop; later calls open new ones."""
        if self._door is not None:
            await self._door.aclose()


def segment(part: str) -> str:
    """`part` as one segment of a path, whatever characters it has."""
    return quote(part, safe="")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` None: there is no more."""

    data: list[T]
    next_cursor: str | None


class Listing(Generic[T]):
    """A list kept by the server: `await` it for one page, `async for` goes through all of it."""

    def __init__(self, api: Api, path: str, params: Mapping[str, Any], read: Callable[[Any], T]) -> None:
        self._api = api
        self._path = path
        self._params = dict(params)
        self._read = read

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._page(self._params).__await__()

    async def _page(self, params: Mapping[str, Any]) -> Page[T]:
        answer = await self._api.call("GET", self._path, params=params)
        return Page([self._read(shown) for shown in answer["data"]], answer.get("next_cursor"))

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        params = self._params
        while True:
            page = await self._page(params)
            for one in page.data:
                yield one
            if page.next_cursor is None:
                return
            params = {**params, "cursor": page.next_cursor}
