"""A worker: a process that holds user code, claims runs and executes them."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.runs import claim_name

#: DEAFENED: it beats but takes no work and reports no progress. GONE: its leases have been ended.
WorkerStatus = Literal["ALIVE", "DRAINING", "DEAFENED", "GONE"]


#: Stands for every job in `Worker.superseded`.
ALL_JOBS = "*"


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
    #: JSON object: the version of each job it has.
    versions: str = "{}"
    #: JSON array of its jobs whose runs stay with the version they began on.
    pinning: str = "[]"
    #: JSON array of its jobs of which it only takes runs that are bound to its version, because newer workers take the
    #: others; `ALL_JOBS` where it takes no others at all.
    superseded: str = "[]"
    #: JSON array of the queues that it takes from; empty: all.
    queues: str = "[]"
    #: When somebody said that it takes nothing more, and who.
    drain_at: Instant | None = None
    drain_by: str | None = None
    #: It says itself that it takes nothing more.
    is_leaving: bool = False
    ended_at: Instant | None = None
    #: Why it is GONE: "left", "exited", "heartbeats_missed", "deafened", "superseded".
    ended_reason: str | None = None


@lru_cache(maxsize=1024)
def versions_of(text: str) -> dict[str, str]:
    """`Worker.versions`, read; the same object for the same text."""
    return dict(json.loads(text))


@lru_cache(maxsize=1024)
def claim_names(
    job_ids: str, versions: str, superseded: str, *, with_versions: bool = True
) -> tuple[str, ...]:
    """What a worker asks for, given the columns of its row: its jobs, and its versions of them."""
    left = set(json.loads(superseded))
    names = [] if ALL_JOBS in left else [job_id for job_id in json.loads(job_ids) if job_id not in left]
    if with_versions:
        names += [claim_name(job_id, version) for job_id, version in versions_of(versions).items()]
    return tuple(names)


@lru_cache(maxsize=1024)
def queues_of(text: str) -> frozenset[str]:
    """`Worker.queues`, read; the same object for the same text."""
    return frozenset(json.loads(text))


@lru_cache(maxsize=1024)
def served_names(job_ids: str, versions: str, superseded: str, queues: str) -> tuple[str, ...]:
    """What a worker takes, given the columns of its row: claim names, each with a queue where it takes from some
    only; `is_served` looks for them."""
    names = claim_names(job_ids, versions, superseded)
    only = queues_of(queues)
    return tuple(f"{name}\n{queue}" for name in names for queue in only) if only else names


def is_served(name: str, queue: str, served: Collection[str]) -> bool:
    """Whether somebody takes runs by this claim name from this queue."""
    return name in served or f"{name}\n{queue}" in served
