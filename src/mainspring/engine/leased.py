"""A run as a commit about it sees it: the holder's lease, and what endings and effects must know."""

from dataclasses import dataclass

from mainspring.clock import Instant


@dataclass(slots=True)
class LeasedRun:
    """What a commit must know of a run; the columns of `leased_runs`, in order."""

    id: str
    environment_id: str
    job_id: str
    status: str
    lease: int
    worker_id: str | None
    attempt: int
    max_attempts: int
    crashes: int
    #: What was delivered up to this place in the order of deliveries came before the run.
    heard_from: int
    event_id: str | None
    cancel_requested_at: Instant | None
    deadline_at: Instant | None
    faults: int
    queue: str
    concurrency_key: str | None
    slot: int
    singleton_key: str | None
