"""The world of a test: its database in memory, its clients' workers, and whoever dies is replaced."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from contextvars import Context
from functools import cache

from mainspring.clock import FakeClock
from mainspring.embedded import InsideDoor
from mainspring.sdk.client import Client
from mainspring.sdk.door import Door
from mainspring.storage.database import Database, Transaction
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase
from mainspring.testing.disk import Disk
from mainspring.testing.lives import Life, current_life
from mainspring.testing.points import PointedBackend, Points
from mainspring.testing.server import Server
from mainspring.testing.taps import TappedBackend
from mainspring.testing.usercode import awaited_by_user_code
from mainspring.testing.world import Crew, World


@cache
def _migrated() -> SqliteDatabase:
    """Copied for each test: that is quicker than to migrate each time."""
    database = SqliteDatabase(None)
    upgrade(database, 0)
    return database


class Kept:
    """Implements `Database` over one that outlives the servers on it."""

    def __init__(self, inner: SqliteDatabase) -> None:
        self.inner = inner
        self.dialect = inner.dialect
        self.label = inner.label

    def write(self) -> AbstractContextManager[Transaction]:
        return self.inner.write()

    def read(self) -> AbstractContextManager[Transaction]:
        return self.inner.read()

    def close(self) -> None: ...


class MemoryWorld(World):
    """In memory, in process. A worker that dies at one of its `points` is replaced by another of the same client."""

    label = "the test's environment"

    def __init__(
        self,
        *,
        clock: FakeClock | None = None,
        always_replay: bool = False,
        slots: int = 10,
        patience: float | None = None,
    ) -> None:
        super().__init__(clock=clock, always_replay=always_replay, slots=slots)
        self.patience = patience
        self.loop = asyncio.get_running_loop()
        self._kept = _migrated().copy_in_memory()
        self.points = Points(self._died)
        self._replacing: set[asyncio.Task[Crew]] = set()
        self._failed: BaseException | None = None

    async def open_server(self, port: int) -> Server:
        database: Database = Kept(self._kept)
        return await Server.start_on(self.lives, Disk(database), self.clock, port=None, limits=self.limits)

    def door_in(self) -> Door:
        return InsideDoor(self.server.inside(), self.server.rest(), asyncio.get_running_loop())

    def tap(self, life: Life) -> TappedBackend:
        return PointedBackend(self.backend(), life, self.points)

    def user_code(self) -> Sequence[str]:
        if self._failed is not None:
            raise self._failed
        return [*self._replacements(), *awaited_by_user_code(crew.worker for crew in self.crews)]

    def _replacements(self) -> Iterator[str]:
        if self._replacing:
            yield "another worker comes in place of one that died"

    # ── beginning and end ────────────────────────────────────────────────────────────────────────────
    async def open(self) -> None:
        self.points.open()
        await self.start_server()

    async def restart(self) -> None:
        """Everything dies and is started again."""
        crews = list(self.crews)
        await self.die()
        await self.start_server()
        await self.end_workers(crews, "superseded", blames=False)
        for crew in crews:
            await self.start_worker(crew.client)

    async def replace(self, crew: Crew) -> Crew:
        """Another worker in place of one that lives: with the jobs that its client has now."""
        self.kill_worker(crew)
        return await self._succeed(crew)

    def kill_worker(self, crew: Crew) -> None:
        super().kill_worker(crew)
        if isinstance(crew.backend, PointedBackend):
            crew.backend.forget()

    def close(self) -> None:
        """The end, in any thread and whether the loop still turns or not."""
        self.points.close()
        if hasattr(self, "server"):
            self.kill_workers()
            self.server.end(self.lives)
        self.lives.close()
        self._kept.close()

    # ── workers that die at a point ──────────────────────────────────────────────────────────────────
    def _died(self, life: Life) -> None:
        crew = next(crew for crew in self.crews if crew.life is life)
        self.kill_worker(crew)
        context = Context()  # whoever starts the next one is none of the dead
        context.run(current_life.set, None)
        successor = asyncio.get_running_loop().create_task(self._succeed(crew), context=context)
        self._replacing.add(successor)
        successor.add_done_callback(self._replaced, context=context)

    async def _succeed(self, crew: Crew) -> Crew:
        await self.end_workers([crew], "exited", blames=False)
        return await self.start_worker(crew.client)

    def _replaced(self, successor: "asyncio.Task[Crew]") -> None:
        self._replacing.discard(successor)
        if not successor.cancelled() and (error := successor.exception()) is not None:
            self._failed = error

    def worker_of(self, client: Client) -> Crew | None:
        """The one that has this client's jobs."""
        return next((crew for crew in self.crews if crew.client is client), None)
