"""What people and other programs do in a play: they start runs and send events, sometimes twice, sometimes late."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

from mainspring.client.http import HttpDoor, door_into
from mainspring.clock import SECOND, Clock
from mainspring.codec import decode
from mainspring.duration import Duration, parse_duration
from mainspring.engine.engine import Engine
from mainspring.model.limits import Limits
from mainspring.model.streams import Streamed
from mainspring.sdk.client import Client
from mainspring.sdk.door import Door
from mainspring.sdk.events import Event
from mainspring.sdk.handle import Run
from mainspring.sdk.job import Job
from mainspring.server.auth import Keys
from mainspring.server.call import Services
from mainspring.server.inside import Inside
from mainspring.testing.plays.disk import API_KEY
from mainspring.testing.plays.server import Server

#: How late an event may come.
LATE = {"late 1s": SECOND, "late 1h": 3_600 * SECOND}
#: Told of an event that is about to be sent; what it decides is one of these, or nothing.
Ask = Callable[[str, tuple[str, ...]], str | None]


class Staged(Protocol):
    """The server, as far as its door needs it."""

    environment_id: str

    @property
    def engine(self) -> Engine: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def clock(self) -> Clock: ...


class StagedDoor:
    """Implements `Door`: the way of user code and of the test into the platform of a play."""

    def __init__(self, server: Staged, ask: Ask, api_key: str = API_KEY) -> None:
        self._server = server
        self._ask = ask
        self._services = Services(
            server.engine, server.limits, server.clock, Keys(server.engine, server.clock), list
        )
        self._inside = Inside(
            server.engine,
            server.limits,
            server.clock,
            server.environment_id,
            self._services.draining,
            _Rest(self._services, api_key),
        )

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
        def send() -> Awaitable[Any]:
            return self._inside.call(
                method, path, params=params, body=body, idempotency_key=idempotency_key, timeout=timeout
            )

        if method == "POST" and path.endswith("/events"):
            choice = self._ask(decode(body or "{}")["name"], (*LATE, "twice"))
            if choice == "twice":
                await send()
            elif choice is not None:
                await self._server.clock.sleep(LATE[choice])
        return await send()

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        return self._inside.rest.stream(path, params=params, after=after)

    async def aclose(self) -> None:
        """Nothing is open."""


def _app(services: Services) -> Any:
    """The whole API, made once for all plays: that takes longer than fifty of them."""
    if not _made:
        # Start-up cost: most plays never need it.
        from mainspring.server.app import create_app

        _made.append(create_app(services))
    return _made[0]


_made: list[Any] = []


class _Rest:
    """Whatever is asked for seldom goes through the whole API, which is only made then."""

    def __init__(self, services: Services, api_key: str) -> None:
        self._services = services
        self._api_key = api_key

    @cached_property
    def _door(self) -> HttpDoor:
        app = _app(self._services)
        app.state.services = self._services
        return door_into(app, self._api_key, "http://127.0.0.1:2020")

    async def call(self, method: str, path: str, **options: Any) -> Any:
        return await self._door.call(method, path, **options)

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        return self._door.stream(path, params=params, after=after)

    async def aclose(self) -> None:
        """It ends with the play."""


class Outside:
    """What `drive=` is called with: everybody who is no worker."""

    def __init__(self, client: Client, server: Server, runs: list[Run[Any]]) -> None:
        self._client = client
        self._server = server
        #: Handles of the runs that the play began with.
        self.runs = runs

    async def trigger(self, job: Job[..., Any, Any], payload: Any = None, **options: Any) -> Run[Any]:
        """As `job.trigger`."""
        return await (job.trigger(**options) if payload is None else job.trigger(payload, **options))

    async def send_event(self, name: str, payload: Any = None, **options: Any) -> Event[Any]:
        """As `client.send_event`. A schedule may send it twice, or late."""
        return await self._client.send_event(name, payload, **options)

    async def sleep(self, delay: Duration) -> None:
        """Lets that much of the play's time pass."""
        await self._server.clock.sleep(parse_duration(delay))


def use_door(client: Client, door: Door | None) -> Door | None:
    """The door that the client had until now."""
    before = client._api._door
    client.use_door(door)
    return before
