"""A worker: a process that holds user code, claims runs and executes them."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant

#: DEAFENED: it beats but takes no work and reports no progress. GONE: its leases have been ended.
WorkerStatus = Literal["ALIVE", "DRAINING", "DEAFENED", "GONE"]


@dataclass(frozen=True, slots=True)
class Worker:
    id: str
    environment_id: str
    #: A label for people and supervisors ("dev", a host name); not unique.
    name: str
    app: str
    code_version: str
    hostname: str
    pid: int
    slots: int
    status: WorkerStatus
    #: JSON array of the job ids it has.
    job_ids: str
    registered_at: Instant
    heartbeat_at: Instant
    #: Counts heartbeats, so that a sweeper can see movement without comparing clocks.
    heartbeats: int
    #: Evidence of progress as the worker reports it: claims answered plus commits acknowledged.
    progress: int
    progress_at: Instant
    #: Highest commit sequence applied; a lower one is a redelivery.
    commit_seq: int
    #: Stack that blocks its event loop, when it reports one.
    blocked_stack: str | None
    #: Microseconds that servers have listened for it in vain since its last heartbeat, kept for those after them.
    silence: int = 0
