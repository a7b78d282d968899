"""The engine as the rest of the house sees it: every verb, grouped by noun. Read this first.

Each verb makes a command, hands it to the committer and waits for its result. Reads go past the committer.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from mainspring.clock import Clock, SystemClock
from mainspring.engine.accounts import ensure_environment
from mainspring.engine.approval_verbs import ApprovalVerbs
from mainspring.engine.commands import (
    AbortBulk,
    Beat,
    CancelEvent,
    CancelRun,
    ChangeBreaker,
    ChangeQueue,
    Claim,
    Command,
    Commit,
    EnableJob,
    EndWorkers,
    EventSent,
    Leave,
    LimitEnvironment,
    RegisterWorker,
    RepinRun,
    ReplayRun,
    RescheduleRun,
    ResetKey,
    ResumeRun,
    SendEvents,
    SettleTask,
    StartBulk,
    StoreResult,
    TriggerRuns,
    UseStore,
)
from mainspring.engine.committer import Committer, Hints, NoHints
from mainspring.engine.deadlines import Deadlines
from mainspring.engine.ends import Ends
from mainspring.engine.error_verbs import ErrorVerbs
from mainspring.engine.gathered import Gathered
from mainspring.engine.inspect import RunKey, get_runs
from mainspring.engine.lookout import Lookout
from mainspring.engine.news import Edge
from mainspring.engine.runs import batch_id, no_such_run
from mainspring.engine.schedule_verbs import ScheduleVerbs
from mainspring.engine.timing import Timing
from mainspring.engine.token_verbs import TokenVerbs
from mainspring.engine.views import RunView
from mainspring.engine.worker_commands import DrainWorker
from mainspring.errors import MainspringError
from mainspring.ids import IdSource
from mainspring.model.bulks import Bulk
from mainspring.model.events import Event, EventDraft
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
    RunDraft,
)
from mainspring.model.runs import FINAL_RUN_STATUSES, Run
from mainspring.model.store import StoreOperation
from mainspring.model.wake import Wake
from mainspring.storage.database import Database

T = TypeVar("T")


class Engine:
    """Start it on an event loop; its verbs may then be awaited on that loop."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        ids: IdSource | None = None,
        timing: Timing | None = None,
        hints: Hints | None = None,
    ) -> None:
        self.database = database
        self.clock: Clock = clock or SystemClock()
        self.limits = limits or Limits()
        self.timing = timing or Timing()
        self.ids = ids or IdSource(self.clock.now)
        self.ends = Ends()
        self.schedules = ScheduleVerbs(self._do, self.ids)
        self.tokens = TokenVerbs(self._do, self.limits)
        self.errors = ErrorVerbs(self._do)
        self.approvals = ApprovalVerbs(self._do, self.limits)
        self._deadlines = Deadlines(self.clock)
        self._run_views: Gathered[RunKey, RunView] = Gathered(self._look_at_runs)
        self._watchers: list[Callable[[set[str]], None]] = []
        #: Up to where histories may be shown live.
        self.edge = Edge(self.clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._committer = Committer(
            database,
            clock=self.clock,
            ids=self.ids,
            limits=self.limits,
            timing=self.timing,
            hints=hints or NoHints(),
            on_commit=self._on_commit,
            awaited=self.ends.awaited,
        )
        self._lookout = Lookout(self._committer, database, clock=self.clock, timing=self.timing)
        #: Told of a worker whose claim broke off: it has most likely died, and has half the time to say otherwise.
        self.hung_up = self._lookout.hung_up

    async def start(self) -> None:
        """Begins to commit, to fire timers and to look after workers."""
        self._loop = asyncio.get_running_loop()
        self._committer.start()
        self._lookout.start()

    async def stop(self) -> None:
        """Commits what was submitted; the database stays open."""
        await self._lookout.stop()
        await asyncio.to_thread(self._committer.stop)

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────
    async def register(self, environment_id: str, registration: Registration) -> Registered:
        """Raises `ProtocolMismatch`, `InvalidSchema`, `InvalidFilter` or `InvalidTrigger`."""
        registered: Registered = await self._do(RegisterWorker(environment_id, registration))
        return registered

    async def claim(self, environment_id: str, request: ClaimRequest) -> ClaimAnswer:
        """Answers when there is something to say, or with nothing after `request.wait`. Cancelling withdraws it."""
        submission = self._committer.submit(Claim(environment_id, request))
        future = submission.future
        assert isinstance(future, asyncio.Future)
        if request.wait > 0:
            await self._first(future, request.wait, on_cancel=lambda: self._committer.withdraw(submission))
            if not future.done():
                self._committer.withdraw(submission)
        answer: ClaimAnswer = await future
        return answer

    async def commit(self, environment_id: str, request: CommitRequest) -> CommitAnswer:
        answer: CommitAnswer = await self._do(Commit(environment_id, request))
        return answer

    async def heartbeat(self, environment_id: str, heartbeat: Heartbeat) -> HeartbeatAnswer:
        answer: HeartbeatAnswer = await self._do(Beat(environment_id, heartbeat))
        return answer

    def heartbeat_blocking(self, environment_id: str, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """The same from a thread that is not the loop's."""
        answer: HeartbeatAnswer = self._committer.submit_blocking(Beat(environment_id, heartbeat))
        return answer

    async def farewell(self, environment_id: str, farewell: Farewell) -> None:
        await self._do(Leave(environment_id, farewell))

    async def end_workers(self, command: EndWorkers) -> int:
        """For supervisors that know of a death before the heartbeats tell. Returns how many runs it concerned."""
        count: int = await self._do(command)
        return count

    # ── events ───────────────────────────────────────────────────────────────────────────────────────
    async def send_events(self, environment_id: str, events: tuple[EventDraft, ...]) -> tuple[EventSent, ...]:
        """All or nothing. Raises `TooLarge`."""
        for event in events:
            self.limits.check_payload(event.payload, f"the payload of event '{event.name}'")
        sent: tuple[EventSent, ...] = await self._do(SendEvents(environment_id, events))
        return sent

    async def cancel_event(self, environment_id: str, event_id: str) -> Event:
        """Raises `NotFound`, or `Conflict` when it was delivered already."""
        event: Event = await self._do(CancelEvent(environment_id, event_id))
        return event

    # ── jobs and runs ────────────────────────────────────────────────────────────────────────────────
    async def enable_job(self, environment_id: str, job_id: str, enabled: bool) -> None:
        """Raises `NotFound`."""
        await self._do(EnableJob(environment_id, job_id, enabled))

    async def trigger_runs(self, environment_id: str, runs: tuple[RunDraft, ...]) -> tuple[Run, ...]:
        """All or nothing. Raises `NotFound`, `Conflict` (disabled), `PayloadInvalid`, `TooLarge`."""
        for run in runs:
            self.limits.check_payload(run.payload, f"the payload for job '{run.job_id}'")
        return await self._start(TriggerRuns(environment_id, runs))

    async def trigger_each(
        self, environment_id: str, runs: tuple[RunDraft, ...]
    ) -> list[Run | MainspringError]:
        """Each by itself: the run, or why it was not started, in order."""
        try:
            return list(await self.trigger_runs(environment_id, runs))
        except MainspringError as error:
            if len(runs) == 1:
                return [error]
        # One of them is to blame, and nothing was kept: the others go on without it.
        alone = (self.trigger_runs(environment_id, (run,)) for run in runs)
        answers: list[Run | MainspringError] = []
        for answer in await asyncio.gather(*alone, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, MainspringError):
                raise answer
            answers.append(answer if isinstance(answer, MainspringError) else answer[0])
        return answers

    async def trigger_batch(
        self, environment_id: str, runs: tuple[RunDraft, ...]
    ) -> tuple[str, tuple[Run, ...]]:
        """As `trigger_runs`, also `LimitExceeded`; with the batch's id, under which they are found again."""
        for run in runs:
            self.limits.check_payload(run.payload, f"the payload for job '{run.job_id}'")
        started = await self._start(TriggerRuns(environment_id, runs, is_batch=True))
        return batch_id(started), started

    async def _start(self, command: TriggerRuns) -> tuple[Run, ...]:
        self.ends.expect(command.environment_id, [run.run_id for run in command.runs])
        started: tuple[Run, ...] = await self._do(command)
        # A call that came twice may be answered with runs whose ends were told before.
        self.ends.tell([run.id for run in started if run.status in FINAL_RUN_STATUSES])
        return started

    async def cancel_run(
        self, environment_id: str, run_id: str, *, reason: str | None = None, by: str | None = None
    ) -> Run:
        """`by`: the id of who asks. Raises `NotFound`; a run that ended already stays as it is."""
        run: Run = await self._do(CancelRun(environment_id, run_id, reason, by))
        return run

    async def replay_run(
        self,
        environment_id: str,
        run_id: str,
        payload: str | None = None,
        *,
        from_task: str | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """A fresh run of the same job, which keeps what came before `from_task`. Raises `NotFound`, `Conflict`,
        `PayloadInvalid`, `BadRequest` (no such task)."""
        new_run_id = self.ids.new("run")
        run: Run = await self._do(
            ReplayRun(environment_id, run_id, new_run_id, payload, idempotency_key, from_task)
        )
        return run

    async def move_run(self, command: RescheduleRun | RepinRun) -> None:
        """Another start for a delayed run, or another version for one that has not ended. Raises `NotFound`,
        `Conflict` once it is too late, `BadRequest` (no such version)."""
        await self._do(command)

    async def reset_key(self, environment_id: str, job_id: str, key: str) -> bool:
        """The key starts a fresh run again; whether a run had it. Raises `BadRequest` for that of a slot."""
        was_known: bool = await self._do(ResetKey(environment_id, job_id, key))
        return was_known

    async def move_bulk(self, command: StartBulk | AbortBulk) -> Bulk:
        """Many runs at once, cancelled or replayed by and by; see `bulks.py`. Raises `NotFound`."""
        bulk: Bulk = await self._do(command)
        return bulk

    async def resume_run(self, environment_id: str, run_id: str) -> Run:
        """Lets a run that drifted go on. Raises `NotFound`, or `Conflict` when it did not drift."""
        run: Run = await self._do(ResumeRun(environment_id, run_id))
        return run

    async def settle_task(self, command: SettleTask) -> Run:
        """Says what became of a task in doubt. Raises `NotFound`, or `Conflict` when it is not in doubt."""
        run: Run = await self._do(command)
        return run

    async def find_run(self, environment_id: str, run_id: str) -> RunView:
        """The run as it is. Raises `NotFound`."""
        view = await self._run_views.ask((environment_id, run_id))
        if view is None:
            raise no_such_run(run_id)
        return view

    async def wait_run(self, environment_id: str, run_id: str, timeout: int) -> RunView:
        """The run when it has ended, or as it is after `timeout` microseconds. Raises `NotFound`."""
        until = self.clock.monotonic() + timeout
        while True:
            # Listening first, then looking: no end in between is missed.
            with self.ends.told_about(run_id) as told:
                if not self.ends.are_to_come(environment_id, (run_id,)) or until <= self.clock.monotonic():
                    view = await self.find_run(environment_id, run_id)
                    if view.run.status in FINAL_RUN_STATUSES or until <= self.clock.monotonic():
                        return view
                with self._deadlines.ending(told, until):
                    if (ended := await told) and ended[0].environment_id == environment_id:
                        return RunView(ended[0])

    async def wait_runs(self, environment_id: str, run_ids: Sequence[str], timeout: int) -> list[RunView]:
        """Those that have ended, once one has; all as they are after `timeout` microseconds, or when one of the
        ids is of no run: it is left out."""
        until = self.clock.monotonic() + timeout
        keys = [(environment_id, run_id) for run_id in dict.fromkeys(run_ids)]
        while True:
            with self.ends.told_about(*run_ids) as told:
                if not self.ends.are_to_come(environment_id, run_ids) or until <= self.clock.monotonic():
                    found = await self._run_views.ask_all(keys)
                    final = [view for view in found if view.run.status in FINAL_RUN_STATUSES]
                    if final or len(found) < len(keys) or until <= self.clock.monotonic():
                        return final or found
                with self._deadlines.ending(told, until):
                    ended = await told or ()
                if views := [RunView(run) for run in ended if run.environment_id == environment_id]:
                    return views

    @contextmanager
    def watching(self, watcher: Callable[[set[str]], None]) -> Iterator[None]:
        """Inside, `watcher` is told on the loop, after each commit, the ids of runs whose history or log grew; of
        none where it is not known which: all should be looked at."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    # ── queues, breakers, workers ──────────────────────────────────────────────────────────────────────────────
    async def change(self, change: ChangeQueue | ChangeBreaker | DrainWorker) -> None:
        """Raises `NotFound`, `InvalidQueue`, `Conflict`."""
        await self._do(change)

    async def limit_environment(self, environment_id: str, max_leases: int | None) -> None:
        """How many runs workers may hold at once in it; None: any number."""
        await self._do(LimitEnvironment(environment_id, max_leases))

    # ── store, environments, reads ───────────────────────────────────────────────────────────────────
    async def use_store(
        self, environment_id: str, operation: StoreOperation, *, request_key: str | None = None
    ) -> StoreResult:
        """A write with a `request_key` may be sent again. Raises `TooLarge`."""
        self.limits.check_payload(operation.value or "", f"the value of '{operation.key}'")
        result: StoreResult = await self._do(UseStore(environment_id, operation, request_key))
        return result

    async def ensure_dev_environment(self, key: str) -> str:
        """Makes project "default", environment "dev" and this key for it, each once. Returns the environment's id."""
        return await asyncio.to_thread(ensure_environment, self.database, self.clock.now(), self.ids, key)

    async def read(self, question: Callable[..., T], *values: Any) -> T:
        """Runs `question(tx, *values)` (see `inspect.py`) on a reader, off the loop."""
        return await asyncio.to_thread(self._read, question, values)

    def _read(self, question: Callable[..., T], values: tuple[Any, ...]) -> T:
        with self.database.read() as tx:
            return question(tx, *values)

    async def _look_at_runs(self, asked: list[RunKey]) -> Mapping[RunKey, RunView]:
        return await self.read(get_runs, asked, self.clock.now())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────
    async def _do(self, command: Command) -> Any:
        # Once submitted a command is applied, whether or not its sender still waits: the future is its sender's
        # alone. A shield around it would cost every answer a turn of the loop.
        future = self._committer.submit(command, self._loop).future
        assert isinstance(future, asyncio.Future)
        return await future

    async def _first(
        self, future: asyncio.Future[Any], timeout: int, on_cancel: Callable[[], None] = lambda: None
    ) -> None:
        """Returns when the future is done or the time is over, by this engine's clock."""
        nap = asyncio.ensure_future(self.clock.sleep(timeout))
        try:
            await asyncio.wait({future, nap}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            on_cancel()
            raise
        finally:
            nap.cancel()

    def _on_commit(self, wake: Wake) -> None:
        """On the committer's thread, after each commit, here or on another server."""
        if self._loop is None or self._loop.is_closed():
            return
        self._lookout.notice_timer(self.clock.now() if wake.is_everything else wake.timer_at)
        ended = self.ends.concerned(wake)
        if ended:
            self._loop.call_soon_threadsafe(self.ends.tell, ended, wake.ended)
        if (wake.grown or wake.is_everything) and self._watchers:
            grown = set() if wake.is_everything else wake.grown
            self._loop.call_soon_threadsafe(self._tell_watchers, grown)

    def _tell_watchers(self, run_ids: set[str]) -> None:
        for watcher in tuple(self._watchers):
            watcher(run_ids)
