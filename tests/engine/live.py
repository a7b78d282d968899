"""The real engine with its thread and its loops, on a clock turned by hand and a database that can be made to fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from engine.puppet import report
from engine.world import registration
from mainspring.clock import SECOND, FakeClock
from mainspring.engine.committer import Hints
from mainspring.engine.engine import Engine
from mainspring.engine.views import RunView
from mainspring.errors import DatabaseUnavailable
from mainspring.ids import new_id
from mainspring.model.events import EventDraft
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    CommitRequest,
    Heartbeat,
    Item,
    ReportAnswer,
    RunDraft,
    RunReport,
)
from mainspring.model.store import StoreOperation
from mainspring.storage.database import Database, Question, Transaction
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database


# ── a database with faults ───────────────────────────────────────────────────────────────────────────
@dataclass
class Faulty:
    """A database that fails where the test says."""

    inner: Database
    #: Called with every statement about to be written and its values.
    before: Callable[[str, Any], None] = lambda statement, values: None
    #: Cannot be reached; fails at the end, before or after the commit.
    is_down: bool = False
    fails_before_commit: bool = False
    fails_after_commit: bool = False
    #: How many transactions were written.
    transactions: int = 0

    def __post_init__(self) -> None:
        self.dialect, self.label = self.inner.dialect, self.inner.label

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        if self.is_down:
            raise DatabaseUnavailable("the disk is full")
        self.transactions += 1
        with self.inner.write() as tx:
            yield _Watched(tx, self)
            if self.fails_before_commit:
                raise DatabaseUnavailable("the disk is full")
        if self.fails_after_commit:
            raise DatabaseUnavailable("the connection was lost while committing")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        if self.is_down:
            raise DatabaseUnavailable("the disk is full")
        with self.inner.read() as tx:
            yield tx

    def close(self) -> None:
        self.inner.close()


@dataclass
class _Watched:
    tx: Transaction
    owner: Faulty

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        self.owner.before(statement, values)
        return self.tx.rows(statement, **values)

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        self.owner.before(statement, values)
        return self.tx.row(statement, **values)

    def ask(self, *questions: Question) -> list[list[tuple[Any, ...]]]:
        for statement, values in questions:
            self.owner.before(statement, values)
        return self.tx.ask(*questions)

    def run(self, statement: str, **values: Any) -> int:
        self.owner.before(statement, values)
        return self.tx.run(statement, **values)

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        for row in batch:
            self.owner.before(statement, row)
        return self.tx.run_many(statement, batch)

    def __getattr__(self, name: str) -> Any:
        """What is not watched goes by."""
        return getattr(self.tx, name)


# ── the engine ───────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Live:
    engine: Engine
    database: Faulty
    clock: FakeClock
    env: str

    async def worker(self, *jobs: JobSpec) -> "LivePuppet":
        puppet = LivePuppet(self, new_id("wrk"))
        await self.engine.register(self.env, registration(puppet.id, *jobs))
        return puppet

    async def send(self, name: str, payload: str = "{}", **options: Any) -> Any:
        draft = EventDraft(new_id("evt"), name, payload, **options)
        (sent,) = await self.engine.send_events(self.env, (draft,))
        return sent

    async def call(self, job_id: str, **options: Any) -> str:
        """A run started by a call: its id."""
        (run,) = await self.engine.trigger_runs(self.env, (RunDraft(new_id("run"), job_id, "{}", **options),))
        return run.id

    async def view(self, run_id: str) -> RunView:
        return await self.engine.find_run(self.env, run_id)

    async def status(self, run_id: str) -> str:
        return (await self.view(run_id)).run.status

    async def settle(self) -> None:
        """Lets whatever was woken come to rest: several rounds through the loop, a thread and back."""
        for _ in range(20):
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0)

    async def flush(self) -> None:
        """Comes back when everything submitted before has been applied."""
        await self.engine.use_store(self.env, StoreOperation("get", "environment", "", "nothing"))

    async def advance(self, seconds: float, *, writes: bool = True) -> None:
        """In naps as short as the engine's own, each with time to react; `writes`: and to commit."""
        left = int(seconds * SECOND)
        while left > 0:
            nap = min(left, SECOND)
            self.clock.advance(nap)
            left -= nap
            await self.settle()
            if writes:
                with suppress(DatabaseUnavailable):
                    await self.flush()
                await self.settle()

    async def until(self, status: str, run_id: str) -> None:
        """Comes back when the run has this status; a run that never has it fails the test."""
        for _ in range(200):
            found = await self.status(run_id)
            if found == status:
                return
            await self.flush()
            await self.settle()
        raise AssertionError(f"the run is {found}, not {status}")


@dataclass
class LivePuppet:
    live: Live
    id: str
    claims: int = 0
    claims_done: int = 0
    commits: int = 0
    held: list[tuple[str, int]] = field(default_factory=list)

    async def claim(self, slots: int = 10, wait: float = 20) -> ClaimAnswer:
        self.claims += 1
        request = ClaimRequest(self.id, self.claims, slots, wait=int(wait * SECOND))
        answer = await self.live.engine.claim(self.live.env, request)
        self.claims_done = max(self.claims_done, request.claim_seq)
        self.held += [(run.run_id, run.lease) for run in answer.runs]
        return answer

    def open_claim(self, slots: int = 10, wait: float = 20) -> "asyncio.Task[ClaimAnswer]":
        """A claim that may wait for its answer."""
        return asyncio.ensure_future(self.claim(slots, wait))

    async def take_one(self) -> ClaimedRun:
        (run,) = (await self.claim(1, wait=0)).runs
        return run

    async def report(self, run: ClaimedRun, *items: Item) -> ReportAnswer:
        return (await self.commit(report(run, *items)))[0]

    async def commit(self, *reports: RunReport) -> tuple[ReportAnswer, ...]:
        self.commits += 1
        request = CommitRequest(self.id, self.commits, reports)
        return (await self.live.engine.commit(self.live.env, request)).reports

    def heartbeat(self) -> Heartbeat:
        return Heartbeat(self.id, tuple(self.held), self.claims_done, self.claims_done + self.commits)


@asynccontextmanager
async def living(
    url: str = "sqlite://", *, clock: FakeClock | None = None, hints: Hints | None = None
) -> AsyncIterator[Live]:
    """An engine from its start to its stop."""
    clock = clock or FakeClock()
    database = Faulty(open_database(url))
    upgrade(database, clock.now())
    engine = Engine(database, clock=clock, hints=hints)
    env = await engine.ensure_dev_environment("key")
    await engine.start()
    try:
        yield Live(engine, database, clock, env)
    finally:
        await engine.stop()
        database.close()
