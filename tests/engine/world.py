"""An engine without threads: commands applied batch by batch, under a clock turned by hand."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import RawCursor

from engine.puppet import Puppet
from mainspring.clock import SECOND, FakeClock
from mainspring.engine.account import run_history
from mainspring.engine.accounts import ensure_environment
from mainspring.engine.apply import apply, apply_open_claims
from mainspring.engine.batch import Batch
from mainspring.engine.commands import (
    Claim,
    Command,
    EventSent,
    FireTimers,
    RegisterWorker,
    SendEvents,
    TimersFired,
    TriggerRuns,
)
from mainspring.engine.inspect import get_runs
from mainspring.engine.timing import Timing
from mainspring.engine.views import RunView
from mainspring.errors import TransactionConflict
from mainspring.ids import IdSource
from mainspring.model.events import EventDraft
from mainspring.model.history import Entry
from mainspring.model.jobs import JobSpec
from mainspring.model.limits import Limits
from mainspring.model.protocol import Registration, RunDraft
from mainspring.model.runs import Run
from mainspring.model.tasks import Attempt, Task
from mainspring.model.waits import Wait
from mainspring.model.wake import Wake
from mainspring.model.workers import Worker
from mainspring.storage.database import Transaction
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.storage.shapes import ATTEMPT, TASK, WAIT, WORKER


@dataclass
class World:
    """`apply` is one batch: what arrived together. Everything else is a short way of saying or seeing something."""

    url: str = "sqlite://"
    timing: Timing = field(default_factory=Timing)
    limits: Limits = field(default_factory=Limits)
    seed: int = 1

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.ids = IdSource(self.clock.now, random.Random(self.seed))
        self.database = open_database(self.url)
        upgrade(self.database, self.now)
        self.env = self.environment("default")
        #: What the last batch hinted at.
        self.wake = Wake()

    def close(self) -> None:
        self.database.close()

    def environment(self, project: str) -> str:
        """An environment of its own project."""
        return ensure_environment(
            self.database, self.now, self.ids, f"key-of-{project}", project=project, name="dev"
        )

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> int:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(int(seconds * SECOND))

    def fire(self, limit: int = 250) -> TimersFired:
        fired: TimersFired = self.do(FireTimers(limit))
        return fired

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────
    def apply(self, *commands: Command) -> list[Any]:
        """One batch. Per command its result, or the refusal; None for a claim that stays open."""
        try:
            return self._transact(commands)
        except TransactionConflict:  # it wants to be alone
            return self._transact(commands)

    def _transact(self, commands: Sequence[Command]) -> list[Any]:
        with self.database.write() as tx:
            batch = Batch(tx, self.now, ids=self.ids, limits=self.limits, timing=self.timing)
            batch.claims = [c for c in commands if isinstance(c, Claim)]
            results = apply(batch, [c for c in commands if not isinstance(c, Claim)])
            answers = apply_open_claims(batch, batch.claims)
        self.wake = batch.wake
        ours, claims = iter(results), iter(answers)
        return [next(claims if isinstance(command, Claim) else ours) for command in commands]

    def do(self, command: Command) -> Any:
        """A batch of one; raises its refusal."""
        (result,) = self.apply(command)
        if isinstance(result, Exception):
            raise result
        return result

    def worker(
        self, *jobs: JobSpec, name: str = "puppet", environment_id: str | None = None, **options: Any
    ) -> Puppet:
        """A registered worker that has these jobs."""
        puppet = Puppet(self, self.ids.new("wrk"), environment_id or self.env)
        self.do(RegisterWorker(puppet.environment_id, registration(puppet.id, *jobs, name=name, **options)))
        return puppet

    def draft(self, name: str, payload: str = "{}", **options: Any) -> EventDraft:
        return EventDraft(self.ids.new("evt"), name, payload, **options)

    def send(self, name: str, payload: str = "{}", **options: Any) -> EventSent:
        (sent,) = self.do(SendEvents(self.env, (self.draft(name, payload, **options),)))
        assert isinstance(sent, EventSent)
        return sent

    def call(self, job_id: str, payload: str = "{}", **options: Any) -> Run:
        """A run started by a call."""
        (run,) = self.do(TriggerRuns(self.env, (RunDraft(self.ids.new("run"), job_id, payload, **options),)))
        assert isinstance(run, Run)
        return run

    # ── what there is ────────────────────────────────────────────────────────────────────────────────
    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self.database.read() as tx:
            yield tx

    def view(self, run_id: str) -> RunView:
        with self.read() as tx:
            return get_runs(tx, [(self.env, run_id)], self.now)[self.env, run_id]

    def run(self, run_id: str) -> Run:
        return self.view(run_id).run

    def status(self, run_id: str) -> str:
        return self.run(run_id).status

    def tasks(self, run_id: str) -> dict[str, Task]:
        with self.read() as tx:
            return {task.key: task for task in TASK.values(tx.rows("tasks_of_run", run_id=run_id))}

    def task(self, run_id: str, key: str) -> Task:
        return self.tasks(run_id)[key]

    def attempts(self, run_id: str, key: str = "") -> list[Attempt]:
        """Failed tries of a task, or of the run's body."""
        with self.read() as tx:
            found = ATTEMPT.values(tx.rows("attempts_of_run", run_id=run_id))
        return [attempt for attempt in found if attempt.task_key == key]

    def waits(self, run_id: str) -> dict[str, Wait]:
        with self.read() as tx:
            return {wait.task_key: wait for wait in WAIT.values(tx.rows("waits_of_runs", run_ids=[run_id]))}

    def history(self, run_id: str) -> list[Entry]:
        with self.read() as tx:
            entries = run_history(tx, self.env, run_id)
        assert entries is not None
        return entries

    def kinds(self, run_id: str) -> list[str]:
        """The account of a run in words: "TASK_STARTED a", "JOB_COMPLETED"."""
        return [f"{e.kind} {e.task_key}" if e.task_key else e.kind for e in self.history(run_id)]

    def reason(self, run_id: str) -> str | None:
        """Code of why it is pending."""
        found = self.view(run_id).pending_reason
        return found.code if found else None

    def worker_row(self, worker_id: str) -> Worker:
        with self.database.write() as tx:  # the statement holds what it finds
            (worker,) = WORKER.values(tx.rows("workers_by_ids", ids=[worker_id]))
        return worker

    @property
    def connection(self) -> Any:
        """The one that the database writes on, for what no statement asks."""
        writer = self.database._writer  # type: ignore[attr-defined]
        return getattr(writer, "connection", writer)

    def plan(self, statement: str, **values: Any) -> str:
        """How the database goes about a statement, in its own words; what it knows of its tables is fresh."""
        kept = self.database._statements[statement]  # type: ignore[attr-defined]
        self.connection.execute("analyze")
        if self.database.dialect == "sqlite":
            rows = self.connection.execute(f"explain query plan {kept.sql}", [None] * len(kept.parameters))
        else:
            rows = RawCursor(self.connection).execute(f"explain {kept.sql}", kept.from_mapping(values))
        return "\n".join(str(row[-1]) for row in rows.fetchall())


def registration(
    worker_id: str, *jobs: JobSpec, name: str = "puppet", slots: int = 10, **options: Any
) -> Registration:
    return Registration(worker_id, name, "tests", "1", "here", 1, slots, jobs, **options)
