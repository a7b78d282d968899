"""Why a run is not running: a typed reason, computed where it is asked, never silent (I5)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.failures import decided_end
from mainspring.model.joining import gathers, joins_events
from mainspring.model.queues import BEHIND, HELD, UNSERVED
from mainspring.model.runs import SUSPECT_FROM, Run
from mainspring.model.workers import is_served

PendingCode = Literal[
    "delayed",
    "retrying",
    "suspected",
    "no_worker",
    "pinned_version",
    "no_worker_for_queue",
    "waiting_for_slot",
    "environment_limit",
    "queue_paused",
    "queue_limit",
    "key_limit",
    "queue_rate",
    "key_rate",
    "waiting_for_turn",
    "singleton",
    "cancelling",
    "ending",
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
    #: The version of its job that it waits for, and those that live workers have.
    version: str | None = None
    live_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """A live worker, by its name, and the version it has of some job."""

    worker: str
    version: str
    #: The queues that the worker takes from; none: all.
    queues: tuple[str, ...] = ()


_NOBODY: Mapping[str, Sequence[LiveVersion]] = {}
#: Workers that a message names.
_MOST_NAMED = 5


def pending_reason(
    run: Run, now: Instant, served: Collection[str], live: Mapping[str, Sequence[LiveVersion]] = _NOBODY
) -> PendingReason | None:
    """The reason `run` is still PENDING, None when it is not. `served`: what live workers ask for runs by, see
    `Run.claim_name`; `live`: who has which version of a job."""
    if run.status != "PENDING":
        return None
    if run.crashes >= SUSPECT_FROM and is_served(run.claim_name, run.queue, served):
        message = f"its worker died {run.crashes} times in a row: it goes on apart from other such runs"
        return PendingReason("suspected", message, run.available_at if run.available_at > now else None)
    end = decided_end(run.failure)
    if end is not None and run.cancel_requested_at is None:
        message = f"it is to be {end}, and waits for a worker that calls its on_failure hook"
        return PendingReason("ending", message, run.deadline_at)
    if run.cancel_requested_at is not None:
        message = "it was cancelled, and waits for a worker that calls its on_cancel hook"
        return PendingReason("cancelling", message, run.timer_at)
    if run.slot == BEHIND:
        message = f"another run of '{run.job_id}' goes first: there is one at a time"
        return PendingReason("singleton", message, action=f"mainspring runs why {run.id}")
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
    if not is_served(run.claim_name, run.queue, served):
        return _unserved(run, live.get(run.job_id, ()))
    if run.slot in (HELD, UNSERVED):
        message = f"its queue '{run.queue}' has limits and holds it back until it may start"
        return PendingReason("waiting_for_turn", message, action=f"mainspring runs why {run.id}")
    message = "every live worker that has this job is full"
    return PendingReason("waiting_for_slot", message, action="mainspring worker APP")


def _unserved(run: Run, live: Sequence[LiveVersion]) -> PendingReason:
    """No live worker takes it: none has its job, or none has the version that it is bound to."""
    if run.pinned_version is None and not live:
        message = f"no live worker has the job '{run.job_id}': start one with `mainspring worker APP`"
        return PendingReason("no_worker", message, action="mainspring worker APP")
    fitting = [one for one in live if run.pinned_version in (None, one.version)]
    if fitting and all(one.queues and run.queue not in one.queues for one in fitting):
        return _untaken(run, fitting)
    have = ", ".join(f"{one.worker} has {one.version}" for one in live[:_MOST_NAMED])
    more = len(live) - _MOST_NAMED
    others = f"{have} and {more} more" if more > 0 else have or "there is no live worker of this job"
    versions = tuple(dict.fromkeys(one.version for one in live))
    if run.pinned_version is None:  # those there are leave it to a newer version, of which nobody is alive
        message = f"the live workers of '{run.job_id}' only take runs bound to their versions: {others}"
        return PendingReason("no_worker", message, action="mainspring worker APP", live_versions=versions)
    version = run.pinned_version
    message = f"it goes on with version {version} of '{run.job_id}', which no live worker has: {others}"
    action = f"mainspring worker APP (its version {version}), or mainspring runs repin {run.id} --version "
    action += versions[0] if versions else "VERSION"
    return PendingReason("pinned_version", message, action=action, version=version, live_versions=versions)


def _untaken(run: Run, live: Sequence[LiveVersion]) -> PendingReason:
    """Those that have its job take from other queues only."""
    take = ", ".join(f"{one.worker} takes from {', '.join(one.queues)}" for one in live[:_MOST_NAMED])
    message = f"no live worker that has the job '{run.job_id}' takes from its queue '{run.queue}': {take}"
    return PendingReason("no_worker_for_queue", message, action=f"mainspring worker APP --queues {run.queue}")
