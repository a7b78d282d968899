"""Everything that changes state is one of these small records; results stand beside their commands.

Commands carry the environment they act in, and ids made at the edge, so that sending one again is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mainspring.clock import Instant
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.error_commands import ChangeError
from mainspring.engine.token_commands import CompleteToken, CreateToken
from mainspring.engine.worker_commands import DrainWorker
from mainspring.model.bulks import Bulk
from mainspring.model.effects import Verdict
from mainspring.model.events import Event, EventDraft, Rejection, Skip, StartedRun
from mainspring.model.protocol import (
    ClaimRequest,
    CommitRequest,
    Farewell,
    Heartbeat,
    Registration,
    RunDraft,
)
from mainspring.model.schedules import ScheduleDraft
from mainspring.model.store import StoreOperation


# ── events and runs ──────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class SendEvents:
    """All or nothing. Result: a tuple of `EventSent`, in order."""

    environment_id: str
    events: tuple[EventDraft, ...]


@dataclass(frozen=True, slots=True)
class EventSent:
    event: Event
    runs: tuple[StartedRun, ...]
    rejections: tuple[Rejection, ...]
    skips: tuple[Skip, ...] = ()
    #: An earlier event with this idempotency key was returned instead.
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class CancelEvent:
    """Before its delivery. Result: the `Event`; `Conflict` when it was delivered already."""

    environment_id: str
    event_id: str


@dataclass(slots=True, unsafe_hash=True)
class TriggerRuns:
    """Result: a tuple of `Run`, in order; an idempotency key that exists answers with the run it started."""

    environment_id: str
    runs: tuple[RunDraft, ...]
    #: They can be looked up together, by `runs.batch_id`.
    is_batch: bool = False


@dataclass(frozen=True, slots=True)
class CancelRun:
    """Result: the `Run`. Pending and waiting runs end at once; a running one is asked to stop."""

    environment_id: str
    run_id: str
    reason: str | None = None
    #: The id of who asks.
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RescheduleRun:
    """Another start for a delayed run: `at`, or `delay` from now. Result: the `Run`; `Conflict` once it may start."""

    environment_id: str
    run_id: str
    at: Instant | None = None
    delay: int | None = None


@dataclass(frozen=True, slots=True)
class RepinRun:
    """Another version of its job, or any (None), is to go on with a run. Result: the `Run`; `Conflict` at its end."""

    environment_id: str
    run_id: str
    version: str | None


@dataclass(frozen=True, slots=True)
class ResetKey:
    """An idempotency key starts a fresh run of the job again. Result: whether a run had it."""

    environment_id: str
    job_id: str
    key: str


@dataclass(frozen=True, slots=True)
class StartBulk:
    """Many runs, cancelled or replayed by and by. Result: the `Bulk`; one of its id that exists answers instead."""

    bulk: Bulk


@dataclass(frozen=True, slots=True)
class AbortBulk:
    """It goes no further. Result: the `Bulk`, or `NotFound`; one that has ended stays as it is."""

    environment_id: str
    bulk_id: str


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """A fresh run of the same job with the same payload (or another). Result: the new `Run`.

    With `from_task`, it keeps what the other's tasks before that one came to.
    """

    environment_id: str
    run_id: str
    new_run_id: str
    payload: str | None = None
    #: An earlier replay (or call) of the job with this key is answered instead.
    idempotency_key: str | None = None
    from_task: str | None = None


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """A person lets a run that drifted go on. Result: the `Run`."""

    environment_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class SettleTask:
    """A person knows what became of a task in doubt. Result: the `Run`; `Conflict` when it is not in doubt."""

    environment_id: str
    run_id: str
    task_key: str
    verdict: Verdict
    #: JSON text of what it came to (verdict "done").
    output: str | None = None
    #: Why it is to fail (verdict "fail").
    message: str | None = None


@dataclass(frozen=True, slots=True)
class EnableJob:
    """Result: None; `NotFound` when there is no such job."""

    environment_id: str
    job_id: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class PauseSchedule:
    """Or resume it: slots that came meanwhile are not made up for. Result: the `Schedule`, or `NotFound`."""

    environment_id: str
    schedule_id: str
    paused: bool


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """A run now, beside its slots. Result: the `Run`."""

    environment_id: str
    schedule_id: str
    new_run_id: str
    #: An earlier run of the job that was started with this key is answered instead.
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeQueue:
    """What an operator says of a queue. Result: the `Queue`, or `NotFound`, `InvalidQueue`."""

    environment_id: str
    name: str
    #: None: as it is.
    paused: bool | None = None
    #: Who pauses it, as shown to whoever asks why a run waits.
    by: str | None = None
    #: Fields of `QueueLimits` as plain values; None under a name: no such limit, whatever the code says.
    limits: Mapping[str, Any] | None = None
    #: Forget earlier changes first: what the code declares counts.
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class ChangeBreaker:
    """An operator opens a breaker, or closes it. Result: the `Breaker`, or `NotFound`."""

    environment_id: str
    name: str
    is_open: bool
    #: Opened for so long (microseconds), then it is probed; None: until somebody resets it.
    span: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class LimitEnvironment:
    """How many runs workers may hold at once in the whole environment; None: any number. Result: None."""

    environment_id: str
    max_leases: int | None


@dataclass(frozen=True, slots=True)
class RegisterSchedule:
    """At run time; one with this key is changed. Result: the `Schedule`, or `InvalidTrigger`."""

    environment_id: str
    schedule: ScheduleDraft


@dataclass(frozen=True, slots=True)
class UnregisterSchedule:
    """Result: whether there was one; `Conflict` for a schedule that a job was written with."""

    environment_id: str
    schedule_id: str


@dataclass(frozen=True, slots=True)
class BackfillSchedule:
    """Runs for the slots of a past range (both ends included) that have none. Result: a tuple of `Backfilled`."""

    environment_id: str
    schedule_id: str
    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class Backfilled:
    slot: Instant
    run_id: str
    #: False: the slot had this run already.
    is_new: bool


@dataclass(frozen=True, slots=True)
class UseStore:
    """Result: `StoreResult`."""

    environment_id: str
    operation: StoreOperation
    #: Of a write: the same key again on the same entry gets the first answer, and nothing is written.
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class StoreResult:
    #: False: a conditional write met another version.
    ok: bool
    exists: bool
    value: str | None
    version: int


# ── workers ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class RegisterWorker:
    environment_id: str
    registration: Registration


@dataclass(frozen=True, slots=True)
class Claim:
    environment_id: str
    request: ClaimRequest


@dataclass(frozen=True, slots=True)
class Commit:
    environment_id: str
    request: CommitRequest


@dataclass(frozen=True, slots=True)
class Beat:
    environment_id: str
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True)
class Leave:
    environment_id: str
    farewell: Farewell


@dataclass(frozen=True, slots=True)
class WorkerSighting:
    """A worker as a sweeper last saw it; it is only ended if it has not moved since."""

    worker_id: str
    heartbeats: int
    progress: int
    #: Microseconds since it was last heard of, as far as servers have listened.
    silence: int = 0


@dataclass(frozen=True, slots=True)
class NoteSilence:
    """Keeps how long these workers have been silent, so that a server which dies leaves it to the next."""

    sightings: tuple[WorkerSighting, ...]


@dataclass(frozen=True, slots=True)
class EndWorkers:
    """End the leases of dead workers. Result: number of runs given back or failed.

    By sighting (missed heartbeats), by id, or by name (a supervisor that knows all of them are gone).
    `blames`: the deaths may be the runs' fault and count towards `worker_crashed`. `fault`: what whoever started
    the process saw it end by, such as "SIGSEGV" or "exit code 3"; "" where nobody saw it, or it may have been killed
    from outside.
    """

    reason: Literal["heartbeats_missed", "deafened", "exited", "superseded"]
    sightings: tuple[WorkerSighting, ...] = ()
    environment_id: str | None = None
    worker_id: str | None = None
    name: str | None = None
    blames: bool = True
    fault: str = ""


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class FireTimers:
    """Whatever is due: waits, delayed runs and events, slots of schedules, deadlines. Result: `TimersFired`."""

    limit: int = 250


@dataclass(frozen=True, slots=True)
class TimersFired:
    count: int
    #: The next instant at which something is due, None when nothing is.
    next_at: Instant | None


Command = (
    SendEvents
    | CancelEvent
    | TriggerRuns
    | CancelRun
    | RescheduleRun
    | RepinRun
    | ResetKey
    | ReplayRun
    | StartBulk
    | AbortBulk
    | ResumeRun
    | SettleTask
    | EnableJob
    | PauseSchedule
    | RunSchedule
    | ChangeQueue
    | ChangeBreaker
    | ChangeError
    | CreateToken
    | CompleteToken
    | AnswerApproval
    | DelegateApproval
    | RefusedAnswer
    | LimitEnvironment
    | RegisterSchedule
    | UnregisterSchedule
    | BackfillSchedule
    | UseStore
    | RegisterWorker
    | Claim
    | Commit
    | Beat
    | Leave
    | DrainWorker
    | EndWorkers
    | NoteSilence
    | FireTimers
)
