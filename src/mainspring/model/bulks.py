"""Bulk actions: many runs cancelled or replayed by one request, which is kept and goes on chunk by chunk."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

BulkAction = Literal["cancel", "replay"]
BulkStatus = Literal["RUNNING", "COMPLETED", "ABORTED"]


@dataclass(slots=True)
class Bulk:
    """One row. Instants are microseconds since the epoch; criteria, options and failures are JSON text."""

    id: str
    environment_id: str
    action: BulkAction
    status: BulkStatus
    #: Which runs: `{"ids": [...]}`, or the fields of a `RunQuery`.
    criteria: str
    #: `{"reason": ..., "from_task": ...}`
    options: str
    #: How far it has come: the number of ids, or the cursor of the list. None: it has not begun.
    place: str | None
    #: How many runs it was when it was asked for; and how many have been dealt with, well or not.
    total: int
    done: int
    failed: int
    #: Of the first that failed: `[{"run_id", "code", "message"}, ...]`
    failures: str
    #: The id of the key that asked.
    created_by: str | None
    created_at: Instant
    #: When its next chunk is due.
    next_at: Instant
    finished_at: Instant | None
