"""What the read questions answer: values for API, CLI and dashboard, without a word of SQL in them."""

from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from mainspring.clock import Instant
from mainspring.model.breakers import Breaker
from mainspring.model.events import Event, Rejection, Skip
from mainspring.model.jobs import JobSpec
from mainspring.model.logs import LogLevel
from mainspring.model.payload_paths import PayloadTerm
from mainspring.model.pending import PendingReason
from mainspring.model.queues import Queue
from mainspring.model.runs import Run, RunStatus
from mainspring.model.schedules import Schedule
from mainspring.model.tasks import Attempt, Task
from mainspring.model.waits import WaitKind
from mainspring.model.workers import Worker

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `next_cursor` is None on the last one."""

    data: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RunPage(Page[T]):
    """A page of runs. `looked_to`: how far back it was looked where there may be more; `sealed`: so many runs were
    passed over since what their payload has is encrypted."""

    looked_to: Instant | None = None
    sealed: int = 0


# ── questions ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class RunQuery:
    #: Any of them; none asks for all.
    statuses: tuple[RunStatus, ...] = ()
    job_id: str | None = None
    #: The version of its job that has or had it.
    version: str | None = None
    event_id: str | None = None
    #: The name of the event that started it.
    event_name: str | None = None
    schedule_id: str | None = None
    #: The group of failures that it belongs to.
    error_id: str | None = None
    queue: str | None = None
    parent_run_id: str | None = None
    #: All of them.
    tags: tuple[str, ...] = ()
    is_test: bool | None = None
    #: Whether no other run started it.
    is_root: bool | None = None
    #: How its id begins.
    id_prefix: str | None = None
    #: All of them.
    payload: tuple[PayloadTerm, ...] = ()
    since: Instant | None = None
    until: Instant | None = None
    limit: int = 50
    cursor: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it asks for all runs of a time: every one that is looked at is on the page."""
        return replace(self, since=None, until=None, limit=50, cursor=None) == _EVERY_RUN


_EVERY_RUN = RunQuery()


@dataclass(frozen=True, slots=True)
class EventQuery:
    name: str | None = None
    #: Those that a run has: the one that started it, or all that joined it.
    run_id: str | None = None
    since: Instant | None = None
    #: Where the sender says that it comes from.
    source: str | None = None
    #: Somewhere in the payload, in any case.
    text: str | None = None
    limit: int = 50
    cursor: str | None = None

    @property
    def is_plain(self) -> bool:
        """No filter: the newest will do."""
        return (self.name, self.since, self.source, self.text) == (None, None, None, None)


@dataclass(frozen=True, slots=True)
class ScheduleQuery:
    job_id: str | None = None
    dynamic_id: str | None = None
    external_id: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    #: Lines of this level and above.
    level: LogLevel | None = None
    #: Lines whose message contains this, whatever the case.
    text: str | None = None
    #: Lines written at this instant or later.
    since: Instant | None = None
    limit: int = 500
    #: `next_cursor` of an earlier page, or of the last line seen.
    cursor: str | None = None


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class WaitView:
    """Something a run waits for."""

    task_key: str
    kind: WaitKind
    event_name: str | None
    correlation_id: str | None
    due_at: Instant | None
    created_at: Instant
    #: What it waits for in words, where the fields above do not say.
    message: str | None = None
    #: The approval, the token or the run that it waits for.
    target_id: str | None = None


@dataclass(slots=True, unsafe_hash=True)
class RunView:
    run: Run
    pending_reason: PendingReason | None = None
    waiting_for: tuple[WaitView, ...] = ()
    event_name: str | None = None
    #: How many events joined it; None: it is not of a kind that they join.
    joined_events: int | None = None
    #: Of the answer to a start: whether it made the run; None elsewhere.
    is_new: bool | None = None
    #: The group that its failure belongs to; None while there is none.
    error_id: str | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    task: Task
    #: The failed tries, oldest first.
    attempts: tuple[Attempt, ...] = ()
    waiting_for: WaitView | None = None


@dataclass(frozen=True, slots=True)
class RunOfEvent:
    id: str
    job_id: str
    status: RunStatus


@dataclass(frozen=True, slots=True)
class TakerOfEvent:
    """A run that waited for an event, and took it with the wait of this key."""

    run_id: str
    job_id: str
    status: RunStatus
    task_key: str


@dataclass(frozen=True, slots=True)
class EventView:
    event: Event
    runs: tuple[RunOfEvent, ...]
    rejections: tuple[Rejection, ...]
    #: Of a single event all that listen by its name; in lists those of which it was kept.
    skips: tuple[Skip, ...] = ()
    hint: str | None = None
    #: The oldest runs whose waits took it, and whether there are more.
    takers: tuple[TakerOfEvent, ...] = ()
    has_more_takers: bool = False


@dataclass(frozen=True, slots=True)
class LastRun:
    id: str
    status: RunStatus
    started_at: Instant | None
    finished_at: Instant | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version of a job, when a worker registered it first and last, and the live workers that have it, by name."""

    version: str
    registered_at: Instant
    seen_at: Instant
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartView:
    """A worker was given the run: for the first time, or to go on with it."""

    at: Instant
    attempt: int
    #: Of the job that the worker has; None for starts of before versions were kept.
    version: str | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class JobView:
    spec: JobSpec
    #: Neither switched off by a person nor in the code.
    enabled: bool
    #: A live worker has it.
    served: bool
    updated_at: Instant
    #: Every one that was registered, the newest registration first.
    versions: tuple[VersionView, ...] = ()
    counts: dict[RunStatus, int] = field(default_factory=dict)
    last_runs: tuple[LastRun, ...] = ()
    #: When a schedule starts it next.
    next_run_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class KeyInQueue:
    """A concurrency key and how many of its runs have a slot."""

    key: str
    taken: int


@dataclass(frozen=True, slots=True)
class RunInQueue:
    """A run that has a slot of its queue, or stands in its line."""

    id: str
    job_id: str
    #: Its concurrency key; empty: none.
    key: str
    status: RunStatus
    priority: int
    lane: int
    created_at: Instant


@dataclass(frozen=True, slots=True)
class HandoutView:
    """A run with all that replay needs."""

    run: Run
    #: In the order in which they reached user code.
    tasks: tuple[Task, ...]
    #: As JSON text of the API's event object.
    event: str | None
    #: JSON text: why it stopped, where the code did not fit; None: it did.
    drift: str | None
    #: When workers were given it.
    given_at: tuple[Instant, ...]
    #: Names of where it is.
    project: str
    environment: str


@dataclass(frozen=True, slots=True)
class QueueView:
    queue: Queue
    #: Runs that could start now but for limits and workers, and since when the oldest of them is there.
    depth: int
    oldest_at: Instant | None
    running: int
    #: Runs that were admitted and are not claimed yet.
    admitted: int
    #: Runs set aside because no live worker has their job.
    unserved: int
    #: Keys with slots, those with most first; only where one queue was asked for.
    keys: tuple[KeyInQueue, ...] = ()
    #: The first runs with slots, and the head of the line; only where one queue was asked for.
    holders: tuple[RunInQueue, ...] = ()
    line: tuple[RunInQueue, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakerView:
    breaker: Breaker
    #: Tasks that it holds, and the run of the one that has waited longest.
    held: int
    first_run_id: str | None


@dataclass(frozen=True, slots=True)
class ScheduleView:
    schedule: Schedule
    #: Its timetable as a person says it.
    words: str
    #: The next slots; none while it is paused.
    upcoming: tuple[Instant, ...]
    #: Of the newest run that it started: id and status.
    last_run: tuple[str, RunStatus] | None = None


@dataclass(frozen=True, slots=True)
class WorkerView:
    worker: Worker
    #: Runs it holds now.
    running: int


@dataclass(frozen=True, slots=True)
class ChildView:
    """A run that another one started."""

    id: str
    job_id: str
    status: RunStatus
    #: The task of its parent that started it.
    task_key: str | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


@dataclass(frozen=True, slots=True)
class Span:
    """One bar of the timeline. The run itself is the root (`parent_id` None)."""

    id: str
    parent_id: str | None
    name: str
    kind: str
    status: str
    started_at: Instant
    finished_at: Instant | None
    attempt: int
    #: Failed attempts: (started_at, finished_at).
    attempts: tuple[tuple[Instant, Instant], ...] = ()
