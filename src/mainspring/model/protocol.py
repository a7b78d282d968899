"""The worker protocol's vocabulary: what a worker says and hears, in process and over HTTP alike.

Every message is safe to send twice. Spans are microseconds; payloads and outputs are JSON text.
"""

from dataclasses import dataclass, field
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.approvals import Asked
from mainspring.model.breakers import BreakerAsked, BreakerTold
from mainspring.model.effects import EffectBegun, TaskInDoubt, TaskReconciled
from mainspring.model.events import EventDraft
from mainspring.model.failures import Failure
from mainspring.model.jobs import JobSpec
from mainspring.model.logs import LogLevel
from mainspring.model.runs import RunDraft as RunDraft  # part of this vocabulary, and of the SDK's
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.model.waits import WaitSpec

#: Raised when messages change shape; a server refuses a worker that speaks another one.
PROTOCOL_VERSION = 1


# ── register ─────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Registration:
    worker_id: str
    name: str
    app: str
    code_version: str
    hostname: str
    pid: int
    slots: int
    jobs: tuple[JobSpec, ...]
    protocol: int = PROTOCOL_VERSION
    #: It is there for runs that are bound to its versions of the jobs, and takes no others.
    pinned_only: bool = False
    #: The queues that it takes from; none: all.
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    project: str
    environment: str
    #: How often to beat, and how long silence may last before the leases end.
    heartbeat_every: int
    lease_timeout: int
    max_payload_bytes: int
    max_tasks_per_run: int
    #: Where people reach the server: what URLs that a run hands out begin with.
    public_url: str = ""


# ── claim ────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """One open request per worker; a newer one replaces it. It is also the way notices come down."""

    worker_id: str
    claim_seq: int
    #: Free slots: how many runs may be handed out. 0 asks for notices only.
    slots: int
    #: (run_id, number) of the notices received since the last request, so that they are not sent again.
    noticed: tuple[tuple[str, int], ...] = ()
    #: How long the server may hold the request when there is nothing to say.
    wait: int = 20_000_000


@dataclass(slots=True, unsafe_hash=True)
class ClaimedRun:
    """A run under a fresh lease, with all that replay needs."""

    run_id: str
    lease: int
    job_id: str
    job_version: str
    payload: str
    attempt: int
    max_attempts: int
    is_test: bool
    created_at: Instant
    started_at: Instant
    deadline_at: Instant | None
    tags: str
    metadata: str
    checkpoints: tuple[Checkpoint, ...]
    #: The event that started it, as JSON text of the API's event object; None for called runs.
    event: str | None
    cancel_requested: bool = False
    #: The run that it replays.
    replay_of: str | None = None
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the holder of a lease must know: it was cancelled, waits of it resolved, or the lease ended."""

    run_id: str
    lease: int
    #: Grows per run; acknowledged through `ClaimRequest.noticed`.
    number: int = 0
    cancel_requested: bool = False
    lease_ended: bool = False
    #: Waits that resolved and have not reached user code yet; may repeat what was told before.
    resolved: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    runs: tuple[ClaimedRun, ...] = ()
    notices: tuple[Notice, ...] = ()
    #: The server does not know this worker (any more): stop every run and register again.
    unknown_worker: bool = False


# ── commit: what happened in a run, in order ─────────────────────────────────────────────────────────
@dataclass(slots=True, unsafe_hash=True)
class TaskStarted:
    task: TaskLabel
    attempt: int
    kind: Literal["task_started"] = "task_started"


@dataclass(slots=True, unsafe_hash=True)
class TaskSucceeded:
    task: TaskLabel
    attempt: int
    duration: int
    output: str
    position: int
    #: It tells of the start as well, which was not reported by itself.
    is_whole: bool = False
    kind: Literal["task_succeeded"] = "task_succeeded"


@dataclass(frozen=True, slots=True)
class TaskAttemptFailed:
    """`retry_in` None: the task used up its attempts and is FAILED (then `position` is set).

    `frees_slot`: the pause is long; a "retry" wait is registered and the run may park on it.
    """

    task: TaskLabel
    attempt: int
    duration: int
    failure: Failure
    retry_in: int | None = None
    frees_slot: bool = False
    position: int | None = None
    kind: Literal["task_attempt_failed"] = "task_attempt_failed"


@dataclass(frozen=True, slots=True)
class WaitStarted:
    task: TaskLabel
    wait: WaitSpec
    #: How long before this commit was sent the code began to wait: its delay counts from there.
    age: int = 0
    kind: Literal["wait_started"] = "wait_started"


@dataclass(frozen=True, slots=True)
class WaitCancelled:
    """User code stopped waiting (its asyncio task was cancelled, or another wait won)."""

    key: str
    position: int
    kind: Literal["wait_cancelled"] = "wait_cancelled"


@dataclass(frozen=True, slots=True)
class WaitDelivered:
    """A resolved wait reached user code as number `position`."""

    key: str
    position: int
    kind: Literal["wait_delivered"] = "wait_delivered"


@dataclass(frozen=True, slots=True)
class EventsSent:
    """io.send_event: the events are sent in this very transaction; the answer's output is the task's."""

    task: TaskLabel
    events: tuple[EventDraft, ...]
    position: int
    kind: Literal["events_sent"] = "events_sent"


@dataclass(frozen=True, slots=True)
class RunsTriggered:
    """job.trigger inside a run: children start in this very transaction; output: JSON array of {id, job_id}."""

    task: TaskLabel
    runs: tuple[RunDraft, ...]
    position: int
    kind: Literal["runs_triggered"] = "runs_triggered"


@dataclass(frozen=True, slots=True)
class StoreUsed:
    """io.store: applied and journaled in this transaction; output `{"value": ..., "version": n, "ok": bool}`."""

    task: TaskLabel
    operation: StoreOperation
    position: int
    kind: Literal["store_used"] = "store_used"


@dataclass(frozen=True, slots=True)
class LogWritten:
    number: int
    #: How long before this commit was sent the line was written.
    age: int
    level: LogLevel
    message: str
    task_key: str | None = None
    fields: str | None = None
    origin: str = "logger"
    kind: Literal["log"] = "log"


@dataclass(frozen=True, slots=True)
class RunChanged:
    """New whole values of what is shown live; None leaves a field as it is. The lease holder owns them."""

    tags: str | None = None
    metadata: str | None = None
    progress: str | None = None
    kind: Literal["run_changed"] = "run_changed"


@dataclass(frozen=True, slots=True)
class StreamAppended:
    """A chunk of a live stream. `number` counts the chunks of the run's body, stream by stream, so that a replay
    adds none twice; it is 0 for chunks of a task attempt, which write anew when the attempt is made again."""

    stream: str
    chunk: str
    number: int
    task_key: str | None = None
    attempt: int | None = None
    kind: Literal["stream_appended"] = "stream_appended"


@dataclass(slots=True, unsafe_hash=True)
class RunSucceeded:
    output: str
    kind: Literal["run_succeeded"] = "run_succeeded"


@dataclass(frozen=True, slots=True)
class RunAttemptFailed:
    """The body raised. `retry_in` None ends the run as FAILED."""

    failure: Failure
    duration: int
    retry_in: int | None = None
    kind: Literal["run_attempt_failed"] = "run_attempt_failed"


@dataclass(frozen=True, slots=True)
class RunParked:
    """Nothing but these waits (task keys) is outstanding. If one has resolved meanwhile, the lease is kept
    and the answer carries the resolutions."""

    waiting_for: tuple[str, ...]
    kind: Literal["run_parked"] = "run_parked"


@dataclass(frozen=True, slots=True)
class RunDrifted:
    """Replay met code that does not fit the checkpoints: the run waits for a person, the difference shown."""

    message: str
    task_key: str | None = None
    kind: Literal["run_drifted"] = "run_drifted"


@dataclass(frozen=True, slots=True)
class RunReleased:
    """Given back unfinished (the worker drains or reloads)."""

    kind: Literal["run_released"] = "run_released"


@dataclass(frozen=True, slots=True)
class RunCancelConfirmed:
    """User code stopped after a cancel was asked for."""

    kind: Literal["run_cancel_confirmed"] = "run_cancel_confirmed"


Item = (
    TaskStarted
    | TaskSucceeded
    | TaskAttemptFailed
    | WaitStarted
    | WaitCancelled
    | WaitDelivered
    | EventsSent
    | RunsTriggered
    | StoreUsed
    | LogWritten
    | RunChanged
    | StreamAppended
    | RunSucceeded
    | RunAttemptFailed
    | RunParked
    | RunDrifted
    | RunReleased
    | RunCancelConfirmed
    | EffectBegun
    | TaskReconciled
    | TaskInDoubt
    | BreakerAsked
    | BreakerTold
    | Asked
)


@dataclass(slots=True, unsafe_hash=True)
class RunReport:
    run_id: str
    lease: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """All that gathered while the last commit was under way. `commit_seq` grows by one; a resent request
    keeps its number and content."""

    worker_id: str
    commit_seq: int
    reports: tuple[RunReport, ...]


@dataclass(slots=True, unsafe_hash=True)
class ItemAnswer:
    """Only for items that answer something: `index` in the report's items."""

    index: int
    output: str | None = None
    failure: Failure | None = None


@dataclass(slots=True, unsafe_hash=True)
class ReportAnswer:
    run_id: str
    #: "lost": the lease is no longer this worker's; nothing of the report was kept and the run must stop.
    status: Literal["ok", "lost"]
    items: tuple[ItemAnswer, ...] = ()
    #: Set when a RunParked was refused because waits had resolved: go on in place with these.
    resolved: tuple[Checkpoint, ...] = ()
    parked: bool = False


@dataclass(frozen=True, slots=True)
class CommitAnswer:
    reports: tuple[ReportAnswer, ...]
    unknown_worker: bool = False


# ── heartbeat ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Heartbeat:
    worker_id: str
    #: (run_id, lease) of every run held.
    held: tuple[tuple[str, int], ...]
    #: The last claim that is over (answered or given up): grants up to it that are not held were lost.
    claims_done: int
    #: Claims answered plus commits acknowledged since the start: evidence that the worker takes work.
    progress: int
    is_draining: bool = False
    #: Where the event loop hangs, when it does.
    blocked_stack: str | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    notices: tuple[Notice, ...] = field(default=())
    unknown_worker: bool = False
    drain: bool = False  # it ends what it holds, and leaves; older workers do not look


@dataclass(frozen=True, slots=True)
class Farewell:
    """The worker leaves: its remaining leases end at once, nobody is blamed. Or whoever started it says that it `died`,
    unasked, so that its runs go on at once. `fault` is what its process ended by itself of, such as "SIGSEGV" or "exit
    code 3"; "" when it may have been killed from outside."""

    worker_id: str
    died: bool = False
    fault: str = ""
