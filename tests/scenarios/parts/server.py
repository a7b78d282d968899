"""One incarnation of the server: database, engine, app and, over HTTP, a port. The parts of `serve.Platform`, put
together by hand so that they can die at any moment, and so that only what a scenario means can end a worker."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx2

from mainspring.client.http import open_door
from mainspring.clock import HOUR, FakeClock, Instant
from mainspring.engine.commands import Claim
from mainspring.engine.engine import Engine
from mainspring.engine.inspect import get_run_row
from mainspring.engine.timing import Timing
from mainspring.model.limits import Limits
from mainspring.model.store import StoreOperation
from mainspring.sdk.door import Door
from mainspring.serve import LocalBackend
from mainspring.server.app import create_app
from mainspring.server.listener import Listener
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.worker.backend import Backend
from scenarios.parts.disk import Disk
from scenarios.parts.lives import Life, Lives

API_KEY = "tr_dev_scenarios"
_LOCAL = "http://127.0.0.1:2020"

#: Time is turned by days here while heartbeats go by the machine's clock: silence must not mean death.
AGES = 1_000_000 * HOUR
CALM = Timing(heartbeat_every=HOUR, lease_timeout=AGES, sweep_every=AGES, deaf_after=AGES)


@dataclass
class Server:
    """Use `start`."""

    life: Life
    disk: Disk
    engine: Engine
    app: Any
    clock: FakeClock
    environment_id: str = ""
    listener: Listener | None = None
    _holder: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def start(
        cls, lives: Lives, url: str, clock: FakeClock, *, is_http: bool, limits: Limits
    ) -> "Server":
        """Opens the database (made when it is not there) and lets the engine work; over HTTP it listens too."""
        disk = Disk(open_database(url, synchronous="NORMAL"))  # nobody cuts the machine's own power here
        upgrade(disk, clock.now())
        engine = Engine(disk, clock=clock, limits=limits, timing=CALM)
        server = cls(
            lives.begin("server"), disk, engine, create_app(engine, limits=limits, clock=clock), clock
        )
        server.environment_id = await engine.ensure_dev_environment(API_KEY)
        await lives.spawn(server.life, engine.start())
        if is_http:
            server.listener = Listener("127.0.0.1", 0)
            ready = asyncio.Event()
            lives.spawn(server.life, server.listener.serve(server.app, ready.set))
            await ready.wait()
        return server

    async def die(self, lives: Lives) -> None:
        """No goodbye: what is committed stays, everything else is gone."""
        self.disk.has_power = False
        lives.end(self.life)
        if self.listener is not None:
            self.listener.close()
        # Only its thread is left; `engine.stop` would wait for asyncio tasks that never end.
        await asyncio.to_thread(self.engine._committer.stop)
        await asyncio.to_thread(self.disk.close)

    # ── ways in ──────────────────────────────────────────────────────────────────────────────────────
    @property
    def url(self) -> str:
        return _LOCAL if self.listener is None else self.listener.url

    def door(self) -> Door:
        """A way to the API; in process it calls the app without a socket."""
        transport = httpx2.ASGITransport(self.app) if self.listener is None else None
        return open_door(self.url, API_KEY, transport=transport)

    def local_backend(self) -> Backend:
        return LocalBackend(self.engine, self.environment_id)

    # ── what scenarios must know to turn the clock ───────────────────────────────────────────────────
    async def catch_up(self) -> None:
        """Returns when every command submitted until now has been applied, and whoever it concerns was told."""
        # A batch's hints go out after its answers. So the second one is answered when those of the first are out.
        for _ in range(2):
            await self.engine.use_store(self.environment_id, StoreOperation("get", "environment", "", "none"))

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
        with self.disk.read() as tx:
            rows = [tx.row(name) for name in ("next_wait_at", "next_event_at", "next_run_at")]
        return min((row[0] for row in rows if row is not None and row[0] is not None), default=None)
