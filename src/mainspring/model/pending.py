"""Why a pending run is not running: a typed reason, computed where it is asked, never silent (I5)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.runs import SUSPECT_FROM, Run

PendingCode = Literal["delayed", "retrying", "suspected", "no_worker", "waiting_for_slot"]


@dataclass(frozen=True, slots=True)
class PendingReason:
    code: PendingCode
    message: str
    until: Instant | None = None


def pending_reason(run: Run, now: Instant, served_jobs: Collection[str]) -> PendingReason | None:
    """The reason `run` is still PENDING, None when it is not. `served_jobs`: jobs that a live worker has."""
    if run.status != "PENDING":
        return None
    if run.crashes >= SUSPECT_FROM and run.job_id in served_jobs:
        message = f"its worker died {run.crashes} times in a row: it goes on apart from other such runs"
        return PendingReason("suspected", message, run.available_at if run.available_at > now else None)
    if not run.is_ready and run.available_at > now:
        if run.attempt > 1:
            message = f"attempt {run.attempt} of {run.max_attempts} starts after the retry delay"
            return PendingReason("retrying", message, run.available_at)
        return PendingReason("delayed", "it was asked to start later", run.available_at)
    if run.job_id not in served_jobs:
        message = f"no live worker has the job '{run.job_id}': start one with `mainspring worker APP`"
        return PendingReason("no_worker", message)
    return PendingReason("waiting_for_slot", "every live worker that has this job is full")
