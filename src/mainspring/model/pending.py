"""Why a run is not running: a typed reason, computed where it is asked, never silent (I5)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.joining import gathers, joins_events
from mainspring.model.queues import HELD, UNSERVED
from mainspring.model.runs import SUSPECT_FROM, Run

PendingCode = Literal[
    "delayed",
    "retrying",
    "suspected",
    "no_worker",
    "waiting_for_slot",
    "environment_limit",
    "queue_paused",
    "queue_limit",
    "key_limit",
    "queue_rate",
    "key_rate",
    "waiting_for_turn",
    "cancelling",
    "breaker_open",  # of a run that waits for a circuit breaker
]


@dataclass(frozen=True, slots=True)
class PendingReason:
    code: PendingCode
    message: str
    until: Instant | None = None
    #: The limit that holds it back, where one does.
    limit: int | None = None
    #: Runs that have the slots it waits for, the first of them.
    held_by: tuple[str, ...] = ()
    #: How many held runs are to be admitted before it; None: not counted.
    position: int | None = None
    #: When it will start if things go on as they did; None: not known.
    predicted_at: Instant | None = None
    #: What a person can do about it.
    action: str | None = None


def pending_reason(run: Run, now: Instant, served_jobs: Collection[str]) -> PendingReason | None:
    """The reason `run` is still PENDING, None when it is not. `served_jobs`: jobs that a live worker has."""
    if run.status != "PENDING":
        return None
    if run.crashes >= SUSPECT_FROM and run.job_id in served_jobs:
        message = f"its worker died {run.crashes} times in a row: it goes on apart from other such runs"
        return PendingReason("suspected", message, run.available_at if run.available_at > now else None)
    if run.cancel_requested_at is not None:
        message = "it was cancelled, and waits for a worker that calls its on_cancel hook"
        return PendingReason("cancelling", message, run.timer_at)
    if not run.is_ready and run.available_at > now:
        if run.attempt > 1:
            message = f"attempt {run.attempt} of {run.max_attempts} starts after the retry delay"
            return PendingReason("retrying", message, run.available_at)
        message = "it was asked to start later"
        if joins_events(run.debounce_key):
            message = "events may still join it" + (
                ": it starts then, or once it has enough" * gathers(run.debounce_key)
            )
        return PendingReason("delayed", message, run.available_at)
    if run.job_id not in served_jobs:
        message = f"no live worker has the job '{run.job_id}': start one with `mainspring worker APP`"
        return PendingReason("no_worker", message, action="mainspring worker APP")
    if run.slot in (HELD, UNSERVED):
        message = f"its queue '{run.queue}' has limits and holds it back until it may start"
        return PendingReason("waiting_for_turn", message, action=f"mainspring runs why {run.id}")
    message = "every live worker that has this job is full"
    return PendingReason("waiting_for_slot", message, action="mainspring worker APP")
