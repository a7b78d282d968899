"""A task: one durable step inside a run, known by its key; and the attempts it took."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

TaskStatus = Literal["RUNNING", "RETRYING", "WAITING", "SUCCESS", "FAILED", "CANCELLED"]

#: What a task is. The kind is part of its fingerprint: replay refuses a key that changed kind.
TaskKind = Literal[
    "task",  # io.run_task, @task
    "wait",  # io.wait, io.wait_until
    "event_wait",  # io.wait_for_event
    "send_event",
    "trigger",  # another job started from inside
    "run_wait",  # waiting for another run
    "token",  # io.create_token
    "token_wait",  # a token
    "approval",  # io.wait_for_approval: that people are asked
    "approval_wait",  # and what they decide
    "store",
    "value",  # io.now: a small value taken once
]

WAIT_KINDS: frozenset[TaskKind] = frozenset({"wait", "event_wait", "run_wait", "token_wait", "approval_wait"})

FINAL_TASK_STATUSES: frozenset[TaskStatus] = frozenset({"SUCCESS", "FAILED", "CANCELLED"})

TASK_MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    # WAITING: in doubt, until a person says what became of it; or a circuit breaker holds the next attempt.
    "RUNNING": frozenset({"RETRYING", "WAITING", "SUCCESS", "FAILED", "CANCELLED"}),
    "RETRYING": frozenset({"RUNNING", "RETRYING", "WAITING", "SUCCESS", "FAILED", "CANCELLED"}),
    "WAITING": frozenset({"RETRYING", "SUCCESS", "FAILED", "CANCELLED"}),
    "SUCCESS": frozenset(),
    "FAILED": frozenset(),
    "CANCELLED": frozenset(),
}


# Not frozen at run time, which would make each one slower to make, and every task makes some. Nobody changes one.
@dataclass(slots=True, unsafe_hash=True)
class TaskLabel:
    """What a task is and how it is shown: said by the worker when the task first appears."""

    #: Unique in its run: parents joined by "/", a repeated key ends in "#2", "#3", ...
    key: str
    kind: TaskKind
    name: str
    parent_key: str | None = None
    #: Short digest of kind and input; "" where the input cannot be compared.
    fingerprint: str = ""
    icon: str | None = None
    #: JSON text shown beside the task: what it was given, and free label/value properties.
    params: str | None = None
    properties: str | None = None


@dataclass(slots=True, unsafe_hash=True)
class Task:
    """One row of `tasks`. Instants in microseconds since the epoch; `output` and `failure` are JSON text."""

    run_id: str
    environment_id: str
    key: str
    parent_key: str | None
    kind: TaskKind
    name: str
    icon: str | None
    params: str | None
    properties: str | None
    fingerprint: str
    status: TaskStatus
    #: The attempt now running, or the last one that ran; from 1. 0: a circuit breaker holds the first.
    attempt: int
    output: str | None
    failure: str | None
    #: Order in which results reached user code, so that replay hands them out in the same order.
    position: int | None
    #: The event that resolved it (event waits).
    event_id: str | None
    started_at: Instant
    finished_at: Instant | None
    next_attempt_at: Instant | None
    #: The run in which it ran, where a replay keeps its outcome; None: this one.
    kept_from: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed try of a task, or of a run's body (`task_key` is then ""). Successful tries need no row."""

    run_id: str
    task_key: str
    number: int
    started_at: Instant
    finished_at: Instant
    failure: str


# Not frozen at run time, which would make each one slower to make, and every task makes some. Nobody changes one.
@dataclass(slots=True, unsafe_hash=True)
class Checkpoint:
    """A task as the worker needs it for replay."""

    key: str
    kind: TaskKind
    status: TaskStatus
    attempt: int
    fingerprint: str
    output: str | None = None
    failure: str | None = None
    position: int | None = None
    #: Microseconds left until the next attempt, for a task between attempts; 0 for one that a breaker holds.
    next_attempt_in: int | None = None
    #: As of its `Task`.
    kept_from: str | None = None
