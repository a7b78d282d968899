"""Where all parts meet: database, engine, HTTP app and port become one platform that starts and stops in order."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mainspring.clock import Clock, SystemClock
from mainspring.engine.committer import Hints
from mainspring.engine.engine import Engine
from mainspring.engine.timing import Timing
from mainspring.errors import MainspringError
from mainspring.model.limits import Limits
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Registered,
    Registration,
)
from mainspring.server.auth import Keys
from mainspring.server.call import Services
from mainspring.server.dev_key import checked_key, kept_key, make_private_folder
from mainspring.server.edge import Guard
from mainspring.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.migrate import require_current, upgrade
from mainspring.storage.open import open_database

#: Left in the data directory while a server listens, so that commands in another terminal find it.
URL_FILE = "url"


class Platform:
    """Everything on one machine: `open`, `await start()`, `await serve()`, `await stop()`.

    `environment_id` and `api_key` are there after `start`, `url` while it serves.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Clock,
        is_dev: bool,
        guard: Guard | None = None,
        lets_browsers_in: bool = False,
    ) -> None:
        """Use `open`."""
        timing = Timing(
            heartbeat_every=settings.heartbeat_every,
            lease_timeout=settings.lease_timeout,
            cancel_hooks=settings.cancel_hook_timeout,
        )
        self.settings = settings
        self.is_dev = is_dev
        self.database = database
        self.engine = Engine(
            database, clock=clock, limits=Limits.of(settings), timing=timing, hints=_hints(database, settings)
        )
        self.services = Services(
            self.engine,
            Limits.of(settings),
            clock,
            Keys(self.engine, clock),
            self._missing,
            public_url=settings.public_url,
        )
        self._lets_browsers_in = lets_browsers_in
        self._guard = guard or (Guard.development(settings.host) if is_dev else Guard())
        self.environment_id = ""
        self.api_key = ""
        self.url = ""
        self._stop_listening: Callable[[], None] | None = None
        self._is_started = False

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        is_dev: bool = True,
        guard: Guard | None = None,
        lets_browsers_in: bool = False,
    ) -> "Platform":
        """Opens the database; in development it is made and migrated too. `guard`: which Host headers are
        answered; in development only this machine's own unless given. `lets_browsers_in`: those of this machine
        need no key.

        Raises `InvalidSetting`, `DatabaseInUse`, `DatabaseTooOld`, `DatabaseUnavailable`, `SchemaTooNew`,
        `MigrationChanged`, and outside development `SchemaOutdated`.
        """
        clock = clock or SystemClock()
        if settings.api_key is not None:
            checked_key(settings.api_key, settings.sources.get("api_key", "api_key"))
        if is_dev or settings.database.startswith("sqlite:"):
            make_private_folder(Path(settings.data_dir))
        database = open_database(settings.database, synchronous=settings.sqlite_synchronous)
        try:
            if is_dev:
                upgrade(database, clock.now())
            else:
                require_current(database)
            return cls(
                database, settings, clock=clock, is_dev=is_dev, guard=guard, lets_browsers_in=lets_browsers_in
            )
        except BaseException:
            database.close()
            raise

    @cached_property
    def app(self) -> Any:
        """The API and the dashboard as an ASGI app, made when it is first asked for."""
        # Start-up cost: who is embedded may never ask, and its routes take longer to make than all the rest.
        from mainspring.dashboard import pages
        from mainspring.server.app import create_app

        return create_app(self.services, guard=self._guard, pages=pages.routes(self.services.browsers.let_in))

    async def start(self) -> None:
        """Makes sure of the environment and its key, then lets the engine work."""
        self.api_key = self.settings.api_key or kept_key(Path(self.settings.data_dir))
        # Before the engine: from then on the committer alone writes.
        self.environment_id = await self.engine.ensure_dev_environment(self.api_key)
        if self._lets_browsers_in:
            self.services.browsers.open(self.api_key, self.services.clock)
        await self.engine.start()
        self._is_started = True

    async def serve(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        on_ready: Callable[[str], None] = lambda url: None,
    ) -> None:
        """Answers HTTP until `stop_serving` or cancellation. `on_ready` is given the URL once it answers.

        Raises `PortInUse` before anything is served. Host and port are the settings' when left out.
        """
        # Start-up cost: who is embedded listens to nobody.
        from mainspring.server.listener import Listener

        settings = self.settings
        listener = Listener(settings.host if host is None else host, settings.port if port is None else port)
        self._stop_listening = listener.stop
        self.url = listener.url

        def ready() -> None:
            if self.is_dev:  # one server per data directory; of several copies none is the one to find
                (Path(settings.data_dir) / URL_FILE).write_text(self.url + "\n")
            on_ready(self.url)

        try:
            await listener.serve(self.app, ready)
        finally:
            if self.is_dev:
                with contextlib.suppress(OSError):
                    (Path(settings.data_dir) / URL_FILE).unlink(missing_ok=True)
            self._stop_listening = None
            self.url = ""

    def stop_serving(self) -> None:
        """Answers what is held open, lets requests under way finish; then `serve` returns."""
        self.services.draining.begin()
        if self._stop_listening is not None:
            self._stop_listening()

    async def stop(self) -> None:
        """Stops the engine and closes the database. May be called twice."""
        self.stop_serving()
        if self._is_started:
            self._is_started = False
            await self.engine.stop()
        await asyncio.to_thread(self.database.close)

    def _missing(self) -> list[str]:
        """What /readyz says of the database: reached, and migrated."""
        try:
            require_current(self.database)
        except MainspringError as error:
            return [str(error)]
        return []

    def local_backend(self, environment_id: str | None = None) -> "LocalBackend":
        """A worker's way to the engine inside this process."""
        return LocalBackend(self.engine, environment_id or self.environment_id, self.public_url)

    @property
    def public_url(self) -> str:
        """Where others reach it: as it was told, else where it listens, or would."""
        settings = self.settings
        return settings.public_url or self.url or f"http://{settings.host}:{settings.port}"


def _hints(database: Database, settings: Settings) -> Hints | None:
    """How this server hears of the others on its database; None where it is the only one."""
    if database.dialect != "postgres":
        return None
    # Here and not at the top: the driver is an extra, and it is there when such a database could be opened.
    from mainspring.hints.postgres import PostgresHints

    return PostgresHints(settings.database)


class LocalBackend:
    """Implements `Backend` of `worker/backend.py` with no HTTP in between."""

    def __init__(self, engine: Engine, environment_id: str, public_url: str) -> None:
        self._engine = engine
        self._environment_id = environment_id
        self._public_url = public_url

    async def register(self, registration: Registration) -> Registered:
        registered = await self._engine.register(self._environment_id, registration)
        return replace(registered, public_url=self._public_url)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        return await self._engine.claim(self._environment_id, request)

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        return await self._engine.commit(self._environment_id, request)

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Blocking, from a thread that is not the loop's."""
        return self._engine.heartbeat_blocking(self._environment_id, heartbeat)

    async def farewell(self, farewell: Farewell) -> None:
        await self._engine.farewell(self._environment_id, farewell)

    async def aclose(self) -> None:
        """Nothing of its own to close."""
