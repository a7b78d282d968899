"""History: the append-only account of a run, written in the same transaction as each fact."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

EntryKind = Literal[
    "RUN_CREATED",
    "RUN_DEBOUNCED",  # a call or event with its key put it off; data: {"until", "event"}
    "RUN_RESCHEDULED",  # it is to start at another time; data: {"at"}, {"because"} of a list of events: "size", "bytes"
    "RUN_REPINNED",  # another version is to go on with it; data: {"version", "before"}
    "JOB_STARTED",  # data: {"version"}, of the job that the worker has
    "JOB_RESUMED",  # the same
    "JOB_WAITING",
    "JOB_RETRIED",
    "JOB_RELEASED",  # given back by a draining worker
    "JOB_COMPLETED",
    "JOB_FAILED",
    "JOB_CANCELLED",
    "JOB_TIMED_OUT",
    "JOB_EXPIRED",
    "CANCEL_REQUESTED",
    "END_DECIDED",  # it ends without its code, once its hooks were called; data: {"status", "message"}
    "WORKER_LOST",
    "DRIFT_FOUND",  # replay met code that no longer fits the checkpoints
    "TASK_KEPT",  # outcome of the run that this one replays; data: {"from"}
    "TASK_STARTED",
    "TASK_HELD",  # a circuit breaker holds its next attempt; data: {"breaker"}
    "TASK_RETRIED",
    "TASK_COMPLETED",
    "TASK_FAILED",
    "TASK_IN_DOUBT",  # of effect="once": nobody knows whether its attempt was done; data: {"message"}
    "TASK_RECONCILED",  # `reconcile` knew; data: {"done"}
    "TASK_SETTLED",  # a person said what became of it; data: {"verdict"}
    "WAIT_STARTED",
    "WAIT_RESOLVED",
    "WAIT_TIMED_OUT",
    "APPROVAL_ASKED",  # data: {"approval", "of", "shown"}: of whom, and a digest of what they are shown
    "APPROVAL_ANSWERED",  # data: {"by", "decision", "comment", "form", "via", "from", "seen"}
    "APPROVAL_REFUSED",  # somebody tried; data: {"by", "why", "via", "from"}
    "APPROVAL_DELEGATED",  # data: {"by", "to", "via", "from"}
    "APPROVAL_REMINDED",  # data: {"approval", "of"}: who has not answered yet
    "APPROVAL_ESCALATED",  # data: {"approval", "of"}: who is asked too from now on
    "APPROVAL_EXPIRED",  # data: {"approval"}
    "RUN_REPAIRED",  # `doctor --audit --repair`; data: {"rules", "status"}
    "STREAM_APPENDED",  # a chunk of io.stream; data: {"stream", "chunk"}
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account. `sequence` grows over the whole database and is the cursor of streams."""

    sequence: int
    environment_id: str
    run_id: str
    at: Instant
    kind: EntryKind
    task_key: str | None
    attempt: int | None
    #: JSON object with what else there is to say, or None.
    data: str | None
