"""Queues: which runs a worker gets. The cost of a claim does not depend on the backlog.

Resumed runs go before fresh ones of the same priority. Of runs that may have killed their workers a worker has one
at a time (see `blame.py`). Such a run waits until there is a slot to spare, but not for ever: every so often a claim
serves it first. One that is to be tried alone goes to a worker that holds nothing, which gets nothing beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mainspring.engine.admission import admit
from mainspring.engine.batch import Batch
from mainspring.engine.blame import trial_end
from mainspring.engine.cancels import cancel_ends_at
from mainspring.engine.checkpoints import checkpoint, notices
from mainspring.engine.commands import Claim
from mainspring.engine.handed import just_handed
from mainspring.engine.runs import ALONE, FRESH, LAST_CHANCE, RESUMED, earliest
from mainspring.engine.shown import event_json
from mainspring.engine.versions import take_on
from mainspring.errors import TransactionConflict
from mainspring.model.protocol import ClaimAnswer, ClaimedRun
from mainspring.model.queues import TAKEN_IN_TURN
from mainspring.model.runs import SUSPECT_FROM, Run
from mainspring.model.tasks import Checkpoint
from mainspring.model.workers import WorkerStatus, claim_names, queues_of
from mainspring.storage.shapes import EVENT, RUN, TASK

#: One claim in so many takes a last chance before anything else. A prime: workers claim in rhythms of their own,
#: like a claim for notices between any two for runs, and each rhythm is met.
LAST_CHANCE_EVERY = 7

#: By parameter: the names and, of some workers, the queues of what is asked for.
_Names = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Claimant:
    """A worker that claims; the columns of `claimants`, in order."""

    id: str
    environment_id: str
    status: WorkerStatus
    job_ids: str
    #: Whether suspects wait in its environment, and whether it has one that is tried alone.
    has_suspects: bool
    is_reserved: bool
    has_notices: bool
    #: How many leases its environment may hold; None: any number.
    max_leases: int | None
    versions: str
    pinning: str
    superseded: str
    #: Whether runs that are bound to a version wait in its environment.
    has_pinned: bool
    queues: str
    #: Whether anything at all is ready in its environment: asked for a tenth of what a claim in vain costs.
    may_find: bool


def apply_claims(batch: Batch, claims: Sequence[Claim]) -> list[ClaimAnswer | None]:
    """What there is to say to each claim; None where there is nothing yet and the claim stays open."""
    if not claims:
        return []
    known = [just_handed(batch, claim) for claim in claims]
    ids = sorted({claim.request.worker_id for claim, runs in zip(claims, known, strict=True) if not runs})
    workers = _claimants(batch, ids) if ids else {}
    granted: list[list[Run]] = []
    for claim, runs in zip(claims, known, strict=True):
        if runs:
            granted.append(runs)
            continue
        worker = workers.get(claim.request.worker_id)
        handed = batch.handed.get((claim.environment_id, claim.request.worker_id), [])
        granted.append(_grant(batch, claim, worker, handed) if worker is not None else [])
    packed = _pack(batch, [run for runs in granted for run in runs])
    _refill(batch, [run for runs in granted for run in runs if run.slot == TAKEN_IN_TURN])
    answers: list[ClaimAnswer | None] = []
    for claim, runs, is_known in zip(claims, granted, known, strict=True):
        if is_known:
            answers.append(ClaimAnswer(tuple(packed[run.id] for run in runs)))
            continue
        worker = workers.get(claim.request.worker_id)
        if worker is None or worker.status == "GONE" or worker.environment_id != claim.environment_id:
            answers.append(ClaimAnswer(unknown_worker=True))
            continue
        has_notices = worker.has_notices or any(run.notices > run.noticed for run in runs)
        told = notices(batch, worker.id) if has_notices else ()
        answer = ClaimAnswer(tuple(packed[run.id] for run in runs), told)
        answers.append(answer if answer.runs or answer.notices else None)
    batch.flush()
    return answers


def _claimants(batch: Batch, ids: list[str]) -> dict[str, _Claimant]:
    """They are held only where suspects wait: of these a worker gets one at a time, on whichever servers it claims."""
    workers = {row[0]: _Claimant(*row) for row in batch.tx.rows("claimants", ids=ids)}
    if not any(worker.has_suspects for worker in workers.values()):
        return workers
    batch.tx.rows("workers_by_ids", ids=ids)
    return {row[0]: _Claimant(*row) for row in batch.tx.rows("claimants", ids=ids)}


def _refill(batch: Batch, runs: list[Run]) -> None:
    """Where keys take turns the next ones come after those that were just claimed."""
    for run in runs:
        if (run.environment_id, run.queue) not in batch.quiet:
            batch.touch(run.environment_id, run.queue, run.concurrency_key)
    if not batch.touched:
        return
    known = set(batch.wake.ready)
    batch.wake.ready.clear()
    admit(batch)
    batch.refilled |= batch.wake.ready
    batch.wake.ready |= known


def _grant(batch: Batch, claim: Claim, worker: _Claimant, handed: list[Run]) -> list[Run]:
    """`handed`: what it has already."""
    request = claim.request
    if worker.status == "GONE" or worker.environment_id != claim.environment_id:
        return []
    with batch.tx.together():
        for run_id, number in request.noticed:
            batch.tx.run("acknowledge_notice", id=run_id, worker_id=worker.id, number=number)
    if handed and claim.environment_id not in batch.wake.ready:
        return handed  # because nothing else was ready
    if worker.status == "DRAINING" or request.slots <= 0 or worker.is_reserved:
        return handed
    slots = min(request.slots, batch.limits.max_runs_per_claim) - len(handed)
    taken = _take_ready(batch, claim, worker, slots)
    for run in taken:
        if take_on(run, worker.versions, worker.pinning):
            batch.later("mark_version", run)
    return [*handed, *taken]


def _take_ready(batch: Batch, claim: Claim, worker: _Claimant, slots: int) -> list[Run]:
    request = claim.request
    if worker.max_leases is not None:
        slots = min(slots, _leases_left(batch, claim.environment_id))
    if slots <= 0 or not worker.may_find:
        return []
    names = _wanted(worker)
    runs = _take_alone(batch, claim, names) if worker.has_suspects else []
    if runs:
        return runs
    is_its_turn = request.claim_seq % LAST_CHANCE_EVERY == 0
    has_chances = worker.has_suspects and not _holds_suspect(batch, worker)
    if is_its_turn and has_chances:
        runs = _take(batch, claim, names, LAST_CHANCE, LAST_CHANCE, 1)
    if len(runs) < slots:
        runs += _take(batch, claim, names, RESUMED, FRESH, slots - len(runs))
    if not is_its_turn and len(runs) < slots and has_chances:
        runs += _take(batch, claim, names, LAST_CHANCE, LAST_CHANCE, 1)
    return sorted(runs, key=lambda run: (-run.priority, run.lane, run.available_at, run.id))


def _wanted(worker: _Claimant) -> _Names:
    """What it takes, as its statement is told."""
    with_versions = bool(worker.has_pinned)
    names = list(claim_names(worker.job_ids, worker.versions, worker.superseded, with_versions=with_versions))
    queues = queues_of(worker.queues)
    if not queues:
        return {"names": names}
    own = [name for name in names if name.partition("/")[0] in queues]
    return {"names": names, "queues": sorted(queues), "own_names": own}


def _take(batch: Batch, claim: Claim, names: _Names, first: int, last: int, slots: int) -> list[Run]:
    rows = batch.tx.rows(
        "claim_runs_of_queues" if "queues" in names else "claim_runs",
        environment_id=claim.environment_id,
        worker_id=claim.request.worker_id,
        claim_seq=claim.request.claim_seq,
        **names,
        first_lane=first,
        last_lane=last,
        slots=slots,
        now=batch.now,
    )
    if rows and rows[0][-1] == "GONE":
        raise TransactionConflict("another server has just ended the worker")
    return RUN.values(row[:-1] for row in rows)


def _leases_left(batch: Batch, environment_id: str) -> int:
    """What the limit of an environment allows, with its row held: servers grant one after the other."""
    (limit,) = batch.tx.row("environment_limit", environment_id=environment_id) or (None,)
    if limit is None:
        return batch.limits.max_runs_per_claim
    (held,) = batch.tx.row("count_leases_of_environment", environment_id=environment_id) or (0,)
    return max(0, int(limit) - int(held))


def _take_alone(batch: Batch, claim: Claim, names: _Names) -> list[Run]:
    """A suspect that is tried alone, if there is one and nothing is held here."""
    if batch.tx.row("held_run", worker_id=claim.request.worker_id) is not None:
        return []
    runs = _take(batch, claim, names, ALONE, ALONE, 1)
    for run in runs:
        run.timer_at = earliest(run.deadline_at, trial_end(batch))
        batch.tx.run("try_alone", id=run.id, lease=run.lease, timer_at=run.timer_at)
    return runs


def _holds_suspect(batch: Batch, worker: _Claimant) -> bool:
    return batch.tx.row("held_suspect", worker_id=worker.id, crashes=SUSPECT_FROM) is not None


def _pack(batch: Batch, runs: list[Run]) -> dict[str, ClaimedRun]:
    """Runs with all that replay needs, read in two statements whatever their number."""
    if not runs:
        return {}
    resumed = [run.id for run in runs if run.lease > 1 or run.replay_from is not None]
    checkpoints: dict[str, list[Checkpoint]] = {}
    if resumed:  # a first grant has nothing behind it
        for task in TASK.values(batch.tx.rows("tasks_of_runs", run_ids=resumed)):
            checkpoints.setdefault(task.run_id, []).append(checkpoint(task, batch.now))
    event_ids = sorted({run.event_id for run in runs if run.event_id})
    rows = batch.tx.rows("events_by_ids", ids=event_ids) if event_ids else []
    events = {event.id: event_json(event) for event in EVENT.values(rows)}
    for run in runs:
        batch.record(
            (run.environment_id, run.id),
            "JOB_RESUMED" if run.lease > 1 else "JOB_STARTED",
            attempt=run.attempt,
            data={"version": run.job_version},
        )
        if run.cancel_requested_at is not None:  # for its hook, which has until then
            ends_at = cancel_ends_at(batch, run.cancel_requested_at, has_hook=True)
            timer_at = earliest(ends_at, run.deadline_at)
            batch.later("time_run", {"id": run.id, "lease": run.lease, "timer_at": timer_at})
            batch.wake.at(timer_at)
        batch.wake.at(run.timer_at)
    return {
        run.id: _claimed(run, tuple(checkpoints.get(run.id, ())), events.get(run.event_id or ""))
        for run in runs
    }


def _claimed(run: Run, checkpoints: tuple[Checkpoint, ...], event: str | None) -> ClaimedRun:
    return ClaimedRun(
        run_id=run.id,
        lease=run.lease,
        job_id=run.job_id,
        job_version=run.job_version,
        payload=run.payload,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        is_test=run.is_test,
        created_at=run.created_at,
        started_at=run.started_at or run.created_at,
        deadline_at=run.deadline_at,
        tags=run.tags,
        metadata=run.metadata,
        checkpoints=checkpoints,
        event=event,
        cancel_requested=run.cancel_requested_at is not None,
        replay_of=run.replay_of,
        schedule_id=run.schedule_id,
    )
