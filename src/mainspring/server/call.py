"""What a route works with: the engine, the limits, and the environment that the request's key belongs to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from mainspring.clock import Clock, Instant
from mainspring.engine.accounts import KeyHolder
from mainspring.engine.engine import Engine
from mainspring.model.limits import Limits
from mainspring.server.auth import Keys
from mainspring.server.browsers import Browsers
from mainspring.server.longpoll import Draining


@dataclass(frozen=True, slots=True)
class Services:
    """What one server copy shares between its requests."""

    engine: Engine
    limits: Limits
    clock: Clock
    keys: Keys
    #: Reasons why nothing can be done now; blocking.
    readiness: Callable[[], list[str]]
    #: Where others reach this server, when it was told.
    public_url: str | None = None
    draining: Draining = field(default_factory=Draining)
    #: How browsers come in that have no key.
    browsers: Browsers = field(default_factory=Browsers)


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    request: Request
    services: Services
    holder: KeyHolder

    @property
    def engine(self) -> Engine:
        return self.services.engine

    @property
    def limits(self) -> Limits:
        return self.services.limits

    @property
    def environment_id(self) -> str:
        return self.holder.environment_id

    def now(self) -> Instant:
        return self.services.clock.now()


class Desk(Protocol):
    """Where something is asked for, over HTTP or in process: what a hot verb works with. `Call` is one."""

    @property
    def engine(self) -> Engine: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def environment_id(self) -> str: ...

    def now(self) -> Instant: ...


def services_of(request: Request) -> Services:
    """The services of the app that serves `request`."""
    services: Services = request.app.state.services
    return services


def public_url_of(request: Request) -> str:
    """Where others reach this server: as it was told, else as whoever asks now did."""
    return services_of(request).public_url or str(request.base_url).rstrip("/")


def origin_of(request: Request) -> str | None:
    """The network address that it came from, as far as the server can see."""
    return None if request.client is None else request.client.host


async def call_of(request: Request) -> Call:
    """The authenticated call; `Unauthorized` when its key does not hold."""
    return Call(request, services_of(request), await holder_of(request))


async def holder_of(request: Request) -> KeyHolder:
    """Whose key, or cookie, the request has; `Unauthorized` when it does not hold, or no longer."""
    services = services_of(request)
    said = request.headers.get("authorization") or services.browsers.authorization(request)
    return await services.keys.holder(said)
