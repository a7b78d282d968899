"""A backend that does what a test says: for what the real engine never does on demand. Lost answers, refusals,
leases that end, parks that are refused. It keeps just enough of a run to answer a replay.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from mainspring import Client
from mainspring.clock import FakeClock
from mainspring.errors import ServerUnavailable
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    ClaimAnswer,
    ClaimedRun,
    ClaimRequest,
    CommitAnswer,
    CommitRequest,
    EventsSent,
    Farewell,
    Heartbeat,
    HeartbeatAnswer,
    Item,
    ItemAnswer,
    LogWritten,
    Notice,
    Registered,
    Registration,
    ReportAnswer,
    RunAttemptFailed,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunReleased,
    RunReport,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    TaskAttemptFailed,
    TaskSucceeded,
    WaitCancelled,
    WaitDelivered,
    WaitStarted,
)
from mainspring.model.tasks import Checkpoint
from mainspring.worker.failures import write_failure
from mainspring.worker.worker import Worker

#: Seconds after which nothing is waited for any longer: no promise, a hang.
PATIENCE = 60.0
LAST = (RunSucceeded, RunAttemptFailed, RunDrifted, RunReleased, RunCancelConfirmed)


def a_run(
    job_id: str = "job", payload: str = "{}", *, run_id: str = "run_1", lease: int = 1, **more: Any
) -> ClaimedRun:
    """A claimed run that has done nothing yet."""
    fields: dict[str, Any] = {
        "job_version": "1",
        "attempt": 1,
        "max_attempts": 3,
        "is_test": False,
        "created_at": 0,
        "started_at": 0,
        "deadline_at": None,
        "tags": "[]",
        "metadata": "{}",
        "checkpoints": (),
        "event": None,
    }
    return ClaimedRun(run_id=run_id, lease=lease, job_id=job_id, payload=payload, **{**fields, **more})


class ScriptedBackend:
    """Implements `Backend`."""

    def __init__(self) -> None:
        self.registrations: list[Registration] = []
        self.commits: list[CommitRequest] = []
        self.claims: list[ClaimRequest] = []
        self.heartbeats: list[Heartbeat] = []
        self.farewells: list[Farewell] = []
        #: Every item that was applied, by run and lease.
        self.items: dict[tuple[str, int], list[Item]] = defaultdict(list)
        self.checkpoints: dict[str, dict[str, Checkpoint]] = defaultdict(dict)
        #: Raised by the next commits, one each, before they are applied; and after.
        self.refuse_commits: list[Exception] = []
        self.lose_answers: list[Exception] = []
        self.refuse_claims: list[Exception] = []
        self.refuse_registrations: list[Exception] = []
        self.lost: set[tuple[str, int]] = set()
        self.is_unknown = False
        #: What a park is answered with: resolutions refuse it. None accepts.
        self.park: Callable[[RunParked], tuple[Checkpoint, ...] | None] = lambda parked: None
        self.failures: dict[str, Failure] = {}
        #: Commits wait here while it is cleared.
        self.commits_pass = asyncio.Event()
        self.commits_pass.set()
        self.timing = (3_600_000_000, 36_000_000_000)
        self.last_word = "scripted"
        self._ready: list[ClaimedRun] = []
        self._notices: list[Notice] = []
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._applied_seq = 0
        self._newest_claim = 0

    # ── what a test does ─────────────────────────────────────────────────────────────────────────────
    def grant(self, run: ClaimedRun) -> None:
        """Hands the run out with the next claim; what is known of its tasks comes with it."""
        known = self.checkpoints[run.run_id]
        known.update({one.key: one for one in run.checkpoints})
        self._ready.append(run)
        self._news.set()

    def grant_again(self, run: ClaimedRun, **changes: Any) -> ClaimedRun:
        """The run once more, under its next lease, with all that was kept of it."""
        kept = tuple(
            sorted(
                self.checkpoints[run.run_id].values(),
                key=lambda one: (one.position is None, one.position or 0),
            )
        )
        again = replace(run, lease=run.lease + 1, checkpoints=kept, **changes)
        self.grant(again)
        return again

    def resolve(self, run: ClaimedRun, key: str, output: str = "null", *, tell: bool = True) -> Checkpoint:
        """A wait of the run resolves; its holder hears of it if `tell`."""
        checkpoints = self.checkpoints[run.run_id]
        checkpoints[key] = replace(checkpoints[key], status="SUCCESS", output=output)
        if tell:
            self.notify(Notice(run.run_id, run.lease, 1, resolved=(checkpoints[key],)))
        return checkpoints[key]

    def look_up(self) -> None:
        """Whoever holds a claim looks at what has changed."""
        self._news.set()

    def notify(self, notice: Notice) -> None:
        self._notices.append(notice)
        self._news.set()

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Returns what `condition` says once it is true; it is asked whenever something was said here."""
        while not (found := condition()):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)
        return found

    async def ended(self, run: ClaimedRun) -> Item:
        """The last item of the run under this lease."""
        return await self.until(lambda: next((i for i in self.kinds(run, *LAST, RunParked)), None))

    def kinds(self, run: ClaimedRun, *kinds: type) -> list[Any]:
        """The run's items of some kinds, in order; without kinds all but log lines."""
        items = self.items[run.run_id, run.lease]
        if not kinds:
            return [item for item in items if not isinstance(item, LogWritten)]
        return [item for item in items if isinstance(item, kinds)]

    # ── Backend ──────────────────────────────────────────────────────────────────────────────────────
    async def register(self, registration: Registration) -> Registered:
        self.registrations.append(registration)
        self._changed.set()
        if self.refuse_registrations:
            raise self.refuse_registrations.pop(0)
        self.is_unknown = False
        self._applied_seq = self._newest_claim = 0
        self._changed.set()
        return Registered("default", "dev", *self.timing, 1 << 20, 10_000)

    async def claim(self, request: ClaimRequest) -> ClaimAnswer:
        self.claims.append(request)
        self._newest_claim = max(self._newest_claim, request.claim_seq)
        self._changed.set()
        self._news.set()  # whoever holds an older claim looks up
        while True:
            if self.refuse_claims:
                raise self.refuse_claims.pop(0)
            if self.is_unknown:
                return ClaimAnswer(unknown_worker=True)
            if request.claim_seq < self._newest_claim:
                return ClaimAnswer()
            runs, self._ready = self._ready[: request.slots], self._ready[request.slots :]
            notices, self._notices = tuple(self._notices), []
            if runs or notices:
                return ClaimAnswer(tuple(runs), notices)
            self._news.clear()
            await self._news.wait()

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        self.commits.append(request)
        self._changed.set()
        await self.commits_pass.wait()
        if self.refuse_commits:
            raise self.refuse_commits.pop(0)
        if self.is_unknown:
            return CommitAnswer((), unknown_worker=True)
        is_new = request.commit_seq > self._applied_seq
        self._applied_seq = request.commit_seq
        answer = CommitAnswer(tuple(self._apply(report, is_new=is_new) for report in request.reports))
        self._changed.set()
        if self.lose_answers:
            raise self.lose_answers.pop(0)
        return answer

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        self.heartbeats.append(heartbeat)
        self._loop.call_soon_threadsafe(self._changed.set)
        return HeartbeatAnswer(unknown_worker=self.is_unknown)

    async def farewell(self, farewell: Farewell) -> None:
        self.farewells.append(farewell)

    async def aclose(self) -> None: ...

    # ── what a server would do ───────────────────────────────────────────────────────────────────────
    def _apply(self, report: RunReport, *, is_new: bool) -> ReportAnswer:
        lease = (report.run_id, report.lease)
        if lease in self.lost:
            return ReportAnswer(report.run_id, "lost")
        answers = []
        parked, resolved = False, ()
        for index, item in enumerate(report.items):
            if is_new:
                self.items[lease].append(item)
                self._keep(report.run_id, item)
            if isinstance(item, EventsSent | RunsTriggered | StoreUsed):
                failure = self.failures.get(item.task.key)
                answers.append(ItemAnswer(index, None if failure else _answer(item), failure))
            if isinstance(item, RunParked):
                refusal = self.park(item)
                parked, resolved = refusal is None, refusal or ()
        return ReportAnswer(report.run_id, "ok", tuple(answers), resolved, parked)

    def _keep(self, run_id: str, item: Item) -> None:
        kept = self.checkpoints[run_id]
        match item:
            case TaskSucceeded(task, attempt, _, output, position):
                kept[task.key] = Checkpoint(
                    task.key, task.kind, "SUCCESS", attempt, task.fingerprint, output, position=position
                )
            case TaskAttemptFailed(task, attempt, _, failure, retry_in, _, position):
                status: Any = "FAILED" if retry_in is None else "RETRYING"
                kept[task.key] = Checkpoint(
                    task.key,
                    task.kind,
                    status,
                    attempt,
                    task.fingerprint,
                    failure=write_failure(failure),
                    position=position,
                    next_attempt_in=retry_in,
                )
            case WaitStarted(task, _):
                kept[task.key] = Checkpoint(task.key, task.kind, "WAITING", 1, task.fingerprint)
            case WaitCancelled(key, position):
                kept[key] = replace(kept[key], status="CANCELLED", position=position)
            case WaitDelivered(key, position):
                kept[key] = replace(kept[key], position=position)
            case (
                EventsSent(task, _, position)
                | RunsTriggered(task, _, position)
                | StoreUsed(task, _, position)
            ):
                failure = self.failures.get(task.key)
                kept[task.key] = Checkpoint(
                    task.key,
                    task.kind,
                    "FAILED" if failure else "SUCCESS",
                    1,
                    task.fingerprint,
                    None if failure else _answer(item),
                    write_failure(failure) if failure else None,
                    position,
                )
            case _:
                pass


def _answer(item: Item) -> str:
    if isinstance(item, StoreUsed):
        return f'{{"ok":true,"exists":true,"value":{item.operation.value or "null"},"version":1}}'
    if isinstance(item, RunsTriggered):
        return "[" + ",".join(f'{{"id":"{run.run_id}","job_id":"{run.job_id}"}}' for run in item.runs) + "]"
    return "[]"


def unavailable() -> ServerUnavailable:
    return ServerUnavailable("nobody answered")


@dataclass
class Bench:
    """A worker on a scripted backend."""

    backend: ScriptedBackend
    worker: Worker
    working: "asyncio.Task[None]"
    clock: FakeClock

    async def pass_time(self, delay: int) -> None:
        """Turns the clock on once somebody sleeps on it."""
        for _ in range(10_000):
            if self.clock.next_sleeper_at() is not None:
                break
            await asyncio.sleep(0)
        self.clock.advance(delay)


async def turns(count: int = 50) -> None:
    """Lets the loop turn that often."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def at_work(
    client: Client, backend: ScriptedBackend, *, is_registered: bool = True, **options: Any
) -> AsyncIterator[Bench]:
    """A worker, registered unless said otherwise; cancelled at the end. It keeps no parked runs unless asked to,
    for most tests are about replay."""
    clock = FakeClock()
    options.setdefault("parked_runs", 0)
    worker = Worker(client, backend, clock=clock, worker_id="wrk_1", **options)
    working = asyncio.get_running_loop().create_task(worker.run())
    bench = Bench(backend, worker, working, clock)
    try:
        await backend.until(lambda: backend.claims if is_registered else backend.registrations)
        yield bench
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await working
