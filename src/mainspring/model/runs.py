"""A run: one execution of a job, its statuses and the moves between them that are allowed."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

RunStatus = Literal["PENDING", "RUNNING", "WAITING", "SUCCESS", "FAILED", "CANCELLED", "TIMED_OUT", "EXPIRED"]

#: Every move a run may make. The chart in the docs is drawn from this table.
RUN_MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    "PENDING": frozenset({"RUNNING", "FAILED", "CANCELLED", "TIMED_OUT", "EXPIRED"}),
    "RUNNING": frozenset({"PENDING", "WAITING", "SUCCESS", "FAILED", "CANCELLED", "TIMED_OUT"}),
    "WAITING": frozenset({"PENDING", "FAILED", "CANCELLED", "TIMED_OUT"}),
    "SUCCESS": frozenset(),
    "FAILED": frozenset(),
    "CANCELLED": frozenset(),
    "TIMED_OUT": frozenset(),
    "EXPIRED": frozenset(),
}

#: So many workers died in a row while holding a run: perhaps it killed them.
SUSPECT_FROM = 2

#: Ends that are somebody's mistake, and are counted in groups (see `error_groups.py`).
FAILURES: frozenset[RunStatus] = frozenset({"FAILED", "TIMED_OUT"})

FINAL_RUN_STATUSES: frozenset[RunStatus] = frozenset(s for s, moves in RUN_MOVES.items() if not moves)


def may_move(current: RunStatus, to: RunStatus) -> bool:
    """Whether a run in `current` may become `to`."""
    return to in RUN_MOVES[current]


@dataclass(slots=True, unsafe_hash=True)
class Run:
    """One row of current state. Instants are microseconds since the epoch (UTC); JSON fields are JSON text."""

    id: str
    environment_id: str
    job_id: str
    #: The version of the job that has it or had it last; before it began, the one that it was started under.
    job_version: str
    status: RunStatus
    payload: str
    #: JSON text of what the job returned; None until SUCCESS.
    output: str | None
    #: JSON text of a `Failure`; None unless the run failed, timed out, will when its hooks were called, or is
    #: between body attempts.
    failure: str | None
    event_id: str | None
    parent_run_id: str | None
    parent_task_key: str | None
    idempotency_key: str | None
    #: From then on the key starts another run.
    key_expires_at: Instant | None
    #: Calls with this key put it off until it starts, at most to `debounce_until`.
    debounce_key: str | None
    debounce_until: Instant | None
    #: The schedule that started it.
    schedule_id: str | None
    queue: str
    concurrency_key: str | None
    #: Higher goes first.
    priority: int
    #: JSON arrays and objects, shown live.
    tags: str
    metadata: str
    progress: str | None
    is_test: bool
    #: Attempt of the run's body, counted from 1.
    attempt: int
    max_attempts: int
    #: How many workers in a row died while holding this run, since it last made progress; and of how many of these
    #: somebody saw that their process ended by itself.
    crashes: int
    faults: int
    #: Fencing number: grows with every grant; only its newest holder may commit.
    lease: int
    worker_id: str | None
    #: The worker's claim request that granted the lease, so that a lost answer can be undone.
    claim_seq: int
    #: In the ready set: may be claimed now.
    is_ready: bool
    #: Order within a priority: resumed runs (0), fresh ones (1), suspects (2), suspects that are
    #: tried alone (3; see `engine/blame.py`).
    lane: int
    #: How often something happened that the lease holder must be told (a wait resolved, a cancel was asked
    #: for), and up to which of these it has said that it knows.
    notices: int
    noticed: int
    created_at: Instant
    #: When it may start, or may start again.
    available_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    #: A PENDING run that never started is EXPIRED at this instant.
    expires_at: Instant | None
    #: Span in microseconds from the first start; past it the run is TIMED_OUT.
    max_duration: int | None
    deadline_at: Instant | None
    cancel_requested_at: Instant | None
    #: When the engine must next look at this run without being asked (delay, expiry, deadline, cancel grace).
    timer_at: Instant | None
    #: The run that this one replays, and the task of it before which everything is kept; None: it is no replay, or one
    #: that keeps nothing.
    replay_of: str | None = None
    replay_from: str | None = None
    #: Where it stands in a queue that has limits: see `model/queues.py`.
    slot: int = 0
    #: Why it was cancelled, in the caller's words, and by whom: the id of an API key, or of the run that was cancelled
    #: and took this one with it.
    cancel_reason: str | None = None
    cancelled_by: str | None = None
    #: Only workers that have this version of its job are given it; None: any.
    pinned_version: str | None = None
    #: Of the runs of its job with this key one is alive at a time, or those behind it wait (slot BEHIND).
    singleton_key: str | None = None

    @property
    def claim_name(self) -> str:
        """What workers ask for to be given it."""
        return claim_name(self.job_id, self.pinned_version)


def claim_name(job_id: str, version: str | None) -> str:
    """A job, or one version of it; as the statements build it."""
    return job_id if version is None else f"{job_id}/{version}"


@dataclass(frozen=True, slots=True)
class DebounceSpec:
    """Of several calls with one key a single run comes, when there was none for `delay`. Spans in microseconds."""

    key: str
    delay: int
    #: Whether the run has what the last call brought, or the first.
    mode: Literal["trailing", "leading"] = "trailing"
    #: How long calls may put it off, from the first one; None: for ever.
    max_delay: int | None = None

    def until(self, first_call_at: Instant) -> Instant | None:
        """Up to when calls put the run off."""
        return span_after(first_call_at, self.max_delay)


@dataclass(slots=True, unsafe_hash=True)
class RunDraft:
    """A run to be started by a call. Spans in microseconds."""

    run_id: str
    job_id: str
    payload: str
    idempotency_key: str | None = None
    delay: int | None = None
    queue: str | None = None
    concurrency_key: str | None = None
    priority: int = 0
    ttl: int | None = None
    tags: tuple[str, ...] = ()
    #: JSON object.
    metadata: str = "{}"
    max_attempts: int | None = None
    is_test: bool = False
    #: How long the key answers with this run; None: for as long as the run is kept.
    idempotency_key_ttl: int | None = None
    debounce: DebounceSpec | None = None
    #: The version of the job that is to run it; None: whichever takes it.
    version: str | None = None
    #: Of the slots of a schedule that wait for one another.
    singleton_key: str | None = None


def span_after(instant: Instant, span: int | None) -> Instant | None:
    """None for no span."""
    return None if span is None else instant + span


def expiry_of(draft: RunDraft, ttl_of_job: int | None, now: Instant) -> Instant | None:
    """A call's own ttl counts from the call, that of the job from when the run may start."""
    if draft.ttl is not None:
        return now + draft.ttl
    return span_after(now + (draft.delay or 0), ttl_of_job)
