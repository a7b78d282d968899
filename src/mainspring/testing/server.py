"""One incarnation of the server: database, engine, app and, over HTTP, a port. The parts of `serve.Platform`, put
together by hand so that they can die at any moment, and so that only what a test means can end a worker."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mainspring.client.http import HttpDoor, door_into, open_door
from mainspring.client.inprocess import InProcess
from mainspring.clock import HOUR, FakeClock, Instant
from mainspring.engine.commands import Claim
from mainspring.engine.engine import Engine
from mainspring.engine.inspect import get_run_row
from mainspring.engine.timing import Timing
from mainspring.model.limits import Limits
from mainspring.sdk.door import Door
from mainspring.serve import LocalBackend
from mainspring.server.auth import Keys
from mainspring.server.call import Services
from mainspring.server.inside import Inside
from mainspring.server.listener import Listener
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.testing.disk import Disk
from mainspring.testing.lives import Life, Lives
from mainspring.testing.ripple import Ripples
from mainspring.worker.backend import Backend

API_KEY = "tr_dev_scenarios"
_LOCAL = "http://127.0.0.1:2020"

#: Time is turned by days here while heartbeats go by the machine's clock: silence must not mean death.
AGES = 1_000_000 * HOUR
CALM = Timing(heartbeat_every=HOUR, lease_timeout=AGES, sweep_every=AGES, deaf_after=AGES)


def open_disk(url: str) -> Database:
    """The database behind a URL; nobody cuts the machine's own power here."""
    return open_database(url, synchronous="NORMAL")


@dataclass
class Server:
    """Use `start`."""

    life: Life
    disk: Disk
    engine: Engine
    services: Services
    clock: FakeClock
    ripples: Ripples
    environment_id: str = ""
    listener: Listener | None = None
    #: What `next_timer_at` found, and after how many commits.
    _next_timer: tuple[int, Instant | None] = (-1, None)

    @classmethod
    async def start(
        cls, lives: Lives, disk: Disk, clock: FakeClock, *, port: int | None, limits: Limits
    ) -> "Server":
        """Lets the engine work on its database, which it migrates; with a port (0: any) it listens too."""
        upgrade(disk, clock.now())
        return await cls.start_on(lives, disk, clock, port=port, limits=limits)

    @classmethod
    async def start_on(
        cls, lives: Lives, disk: Disk, clock: FakeClock, *, port: int | None, limits: Limits
    ) -> "Server":
        """The same for a database that is migrated."""
        ripples = Ripples()
        engine = Engine(disk, clock=clock, limits=limits, timing=CALM, hints=ripples)
        services = Services(engine, limits, clock, Keys(engine, clock), list)
        server = cls(lives.begin("server"), disk, engine, services, clock, ripples)
        server.environment_id = await engine.ensure_dev_environment(API_KEY)
        await lives.spawn(server.life, engine.start())
        if port is not None:
            server.listener = Listener("127.0.0.1", port)
            ready = asyncio.Event()
            lives.spawn(server.life, server.listener.serve(server.app, ready.set))
            await ready.wait()
        return server

    async def die(self, lives: Lives) -> None:
        """No goodbye: what is committed stays, everything else is gone."""
        self._fall(lives)
        # Only its thread is left; `engine.stop` would wait for asyncio tasks that never end.
        await asyncio.to_thread(self.engine._committer.stop)
        await asyncio.to_thread(self.disk.close)

    def end(self, lives: Lives) -> None:
        """The same, blocking."""
        self._fall(lives)
        self.engine._committer.stop()
        self.disk.close()

    def _fall(self, lives: Lives) -> None:
        self.disk.cut()
        lives.end(self.life)
        if self.listener is not None:
            self.listener.close()

    # ── ways in ──────────────────────────────────────────────────────────────────────────────────────
    @property
    def url(self) -> str:
        return _LOCAL if self.listener is None else self.listener.url

    @property
    def port(self) -> int | None:
        return None if self.listener is None else self.listener.port

    @cached_property
    def app(self) -> Any:
        """The API as an ASGI app."""
        # Start-up cost: a test that asks for nothing but what is hot never needs it.
        from mainspring.server.app import create_app

        return create_app(self.services)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """The same as an app that is made when it is first asked for."""
        await self.app(scope, receive, send)

    def rest(self) -> HttpDoor:
        """A way to that app, without a socket."""
        return door_into(self.answer, API_KEY, _LOCAL)

    def inside(self) -> Inside:
        """The way to the API that embedded platforms have: hot verbs go straight to the engine."""
        services = self.services
        return Inside(
            self.engine, services.limits, self.clock, self.environment_id, services.draining, self.rest()
        )

    def door(self) -> Door:
        """A way to the API; in process it calls the app without a socket."""
        transport = InProcess(self.app) if self.listener is None else None
        return open_door(self.url, API_KEY, transport=transport)

    def local_backend(self) -> Backend:
        return LocalBackend(self.engine, self.environment_id, self.url)

    # ── what scenarios must know to turn the clock ───────────────────────────────────────────────────
    async def catch_up(self) -> None:
        """Returns when every command submitted until now has been applied, and whoever it concerns was told."""
        await self.ripples.pass_through(self.engine)

    def holds_claim(self, worker_id: str, claim_seq: int) -> bool:
        """Whether this claim has arrived and stays open because there is nothing to say."""
        # Copied at once: its keeper's thread changes it.
        held = [submission.command for submission in tuple(self.engine._committer._open_claims.values())]
        claims = [command.request for command in held if isinstance(command, Claim)]
        return any(claim.worker_id == worker_id and claim.claim_seq == claim_seq for claim in claims)

    def has_ended(self, run_id: str) -> bool:
        with self.disk.read() as tx:
            run = get_run_row(tx, self.environment_id, run_id)
        return run is not None and run.finished_at is not None

    def next_timer_at(self) -> Instant | None:
        """When something is due next: a wait, an event, a run's delay, expiry or deadline."""
        commits = self.disk.commits
        if self._next_timer[0] != commits:
            with self.disk.read() as tx:
                every = ("wait", "event", "schedule", "queue", "run", "bulk", "breaker", "token", "approval")
                names = [f"next_{one}_at" for one in every]
                rows = [tx.row(name) for name in names]
            due = [row[0] for row in rows if row is not None and row[0] is not None]
            self._next_timer = (commits, min(due, default=None))
        return self._next_timer[1]
