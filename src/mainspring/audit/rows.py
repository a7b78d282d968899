"""The rows the auditor reads, in the order of their statements, and what belongs together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mainspring.model.queues import BEHIND, HELD, UNSERVED
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.model.tasks import FINAL_TASK_STATUSES, WAIT_KINDS

#: A line of history: run id, kind, task key, data (of few kinds). Plain, for there are many.
EntryRow = tuple[str, str, str | None, str | None]


class RunRow(NamedTuple):
    id: str
    environment_id: str
    job_id: str
    status: str
    event_id: str | None
    parent_run_id: str | None
    attempt: int
    lease: int
    worker_id: str | None
    is_ready: bool
    timer_at: int | None
    available_at: int
    deadline_at: int | None
    heard_from: int
    finished_at: int | None
    cancel_requested_at: int | None
    has_output: bool
    has_failure: bool
    slot: int
    #: Its queue has limits.
    is_governed: bool
    #: It waits behind a run with its singleton key, and there is none.
    is_forgotten: bool

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_RUN_STATUSES

    @property
    def is_held(self) -> bool:
        """Its queue holds it back."""
        return self.slot in (HELD, UNSERVED)

    @property
    def is_behind(self) -> bool:
        """Another run with its singleton key goes first."""
        return self.slot == BEHIND


class TaskRow(NamedTuple):
    run_id: str
    environment_id: str
    key: str
    kind: str
    status: str
    attempt: int
    position: int | None
    event_id: str | None
    finished_at: int | None
    has_output: bool
    has_failure: bool
    kept_from: str | None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_TASK_STATUSES

    @property
    def is_wait(self) -> bool:
        return self.kind in WAIT_KINDS


class WaitRow(NamedTuple):
    run_id: str
    task_key: str
    environment_id: str
    kind: str
    channel: str | None
    filter: str | None


class EventRow(NamedTuple):
    sequence: int
    id: str
    environment_id: str
    name: str
    correlation_id: str | None
    source: str | None
    delivered_at: int | None
    delivery: int | None
    cancelled_at: int | None
    rejections: str


class StatusRow(NamedTuple):
    """As much of a run, or of a worker, as whoever refers to it must know."""

    id: str
    environment_id: str
    status: str


@dataclass(slots=True)
class Case:
    """A run with all that belongs to it, in one consistent view."""

    run: RunRow
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    waits: dict[str, WaitRow] = field(default_factory=dict)
    entries: list[EntryRow] = field(default_factory=list)
    #: What its waits for several runs still wait for, by task key.
    awaited: dict[str, list[str]] = field(default_factory=dict)
    #: Tasks kept from another run in which they are not, or are otherwise.
    misfits: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Around:
    """What the runs of a page refer to, by id; what is not in here does not exist."""

    workers: dict[str, StatusRow]
    runs: dict[str, StatusRow]
    events: dict[str, EventRow]


def by_id(kind: Any, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows of one of the kinds above by their id."""
    return {row.id: row for row in map(kind._make, rows)}
