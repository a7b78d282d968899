"""Workers: they register, beat, leave; a heartbeat also finds grants whose answer was lost, and lost leases."""

from difflib import get_close_matches

from mainspring.clock import Instant
from mainspring.codec import clean_text, encode
from mainspring.engine.admission import call_back, give_up_slots
from mainspring.engine.batch import Batch
from mainspring.engine.blame import give_back, release_run
from mainspring.engine.checkpoints import notices
from mainspring.engine.commands import Beat, Leave, NoteSilence, RegisterWorker
from mainspring.engine.jobs import check_spec, save_jobs
from mainspring.engine.queue_changes import save_queues
from mainspring.engine.runs import end_run
from mainspring.engine.scheduling import save_schedules
from mainspring.engine.versions import save_versions, supersede
from mainspring.engine.worker_commands import DrainWorker
from mainspring.errors import (
    Conflict,
    InvalidQueue,
    MainspringError,
    NotFound,
    ProtocolMismatch,
    UnknownWorker,
)
from mainspring.model.protocol import (
    PROTOCOL_VERSION,
    Heartbeat,
    HeartbeatAnswer,
    Notice,
    Registered,
    Registration,
)
from mainspring.model.runs import Run
from mainspring.model.workers import ALL_JOBS, Worker, claim_names
from mainspring.storage.shapes import QUEUE, RUN, WORKER


def register(batch: Batch, command: RegisterWorker) -> Registered | MainspringError:
    """Keeps the worker and its jobs."""
    said = command.registration
    if said.protocol != PROTOCOL_VERSION:
        return ProtocolMismatch(
            f"this server speaks worker protocol {PROTOCOL_VERSION}, the worker {said.protocol}"
        )
    try:
        for spec in said.jobs:
            check_spec(spec)
    except MainspringError as error:
        return error
    refusal = _queues_refusal(batch, command)
    if refusal is not None:
        return refusal
    worker = _worker(said, command.environment_id, batch.now)
    if not batch.tx.run_many("insert_worker", [worker]):
        return _refusal(batch, command)
    save_versions(batch, command.environment_id, said.jobs)
    if not said.pinned_only:
        for save in (save_jobs, save_schedules, save_queues):
            save(batch, command.environment_id, said.jobs)
        supersede(batch, command.environment_id, said.jobs)
    call_back(batch, command.environment_id, claim_names(worker.job_ids, worker.versions, worker.superseded))
    names = batch.tx.row("environment_name", id=command.environment_id) or ("", "")
    return Registered(
        project=names[0],
        environment=names[1],
        heartbeat_every=batch.timing.heartbeat_every,
        lease_timeout=batch.timing.lease_timeout,
        max_payload_bytes=batch.limits.max_payload_bytes,
        max_tasks_per_run=batch.limits.max_tasks_per_run,
    )


def _queues_refusal(batch: Batch, command: RegisterWorker) -> InvalidQueue | None:
    """Where it is to take from a queue in which no job stands: nothing would ever come."""
    asked = command.registration.queues
    if not asked:
        return None
    rows = batch.tx.rows("list_queues", environment_id=command.environment_id, name=None)
    known = {queue.name for queue in QUEUE.values(rows)}
    known |= {spec.queue_name for spec in command.registration.jobs}
    for name in asked:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            mend = f"Did you mean '{near[0]}'?" if near else "`mainspring queues` lists them."
            return InvalidQueue(
                f"there is no queue {name[:140]!r} that the worker could take from", mend=mend
            )
    return None


def _worker(said: Registration, environment_id: str, now: Instant) -> Worker:
    job_ids = encode([spec.id for spec in said.jobs], what="jobs")
    return Worker(
        id=said.worker_id,
        environment_id=environment_id,
        name=said.name,
        app=said.app,
        code_version=said.code_version,
        hostname=said.hostname,
        pid=said.pid,
        slots=said.slots,
        status="ALIVE",
        job_ids=job_ids,
        registered_at=now,
        heartbeat_at=now,
        heartbeats=0,
        progress=0,
        progress_at=now,
        commit_seq=0,
        blocked_stack=None,
        versions=encode({spec.id: spec.version for spec in said.jobs}, what="versions"),
        pinning=encode([spec.id for spec in said.jobs if spec.pin_version], what="jobs"),
        superseded=encode([ALL_JOBS], what="jobs") if said.pinned_only else "[]",
        queues=encode(list(dict.fromkeys(said.queues)), what="queues"),
    )


def _refusal(batch: Batch, command: RegisterWorker) -> MainspringError:
    """Why an id that is taken cannot be used: late words of a worker that was ended revive nobody."""
    worker_id = command.registration.worker_id
    (row,) = batch.tx.rows("workers_by_ids", ids=[worker_id])
    if WORKER.value(row).environment_id == command.environment_id:
        return UnknownWorker(f"the worker '{worker_id}' was ended", mend="Register under a fresh id.")
    return Conflict(f"the worker id '{worker_id}' is taken", mend="Register under a fresh id.")


def beat(batch: Batch, command: Beat) -> HeartbeatAnswer:
    """Renews all leases of a worker at once, and compares what it holds with what it was granted."""
    said = command.heartbeat
    rows = batch.tx.rows("workers_by_ids", ids=[said.worker_id])
    worker = WORKER.value(rows[0]) if rows else None
    if worker is None or worker.status == "GONE" or worker.environment_id != command.environment_id:
        return HeartbeatAnswer(unknown_worker=True)
    stack = said.blocked_stack
    batch.tx.run(
        "beat_worker",
        id=worker.id,
        now=batch.now,
        status="DRAINING" if said.is_draining or worker.drain_at is not None else "ALIVE",
        is_leaving=said.is_draining,
        progress=said.progress,
        blocked_stack=None if stack is None else clean_text(stack, batch.limits.max_error_bytes),
    )
    granted = RUN.values(batch.tx.rows("runs_of_workers", worker_ids=[worker.id]))
    _undo_lost_grants(batch, said, granted)
    news = (*notices(batch, worker.id), *_ended_leases(said, granted))
    return HeartbeatAnswer(news, drain=worker.drain_at is not None)


def drain(batch: Batch, command: DrainWorker) -> Worker | MainspringError:
    """From this batch on it is granted nothing, whatever it knows; its next heartbeat is told that it may go."""
    rows = batch.tx.rows("workers_by_ids", ids=[command.worker_id])
    worker = WORKER.value(rows[0]) if rows else None
    if worker is None or worker.environment_id != command.environment_id:
        return NotFound(
            f"there is no worker {command.worker_id[:64]!r} in this environment",
            mend="`mainspring workers` lists them.",
        )
    if worker.status == "GONE":
        return Conflict(f"the worker '{worker.id}' has gone", mend="There is nothing left to drain.")
    batch.tx.run("drain_worker", id=worker.id, now=batch.now, by=command.by)
    give_up_slots(batch, [worker])
    return WORKER.value(batch.tx.rows("workers_by_ids", ids=[worker.id])[0])


def note_silence(batch: Batch, command: NoteSilence) -> None:
    """How long each was listened for in vain."""
    for one in command.sightings:
        batch.tx.run("note_silence", id=one.worker_id, heartbeats=one.heartbeats, silence=one.silence)


def _undo_lost_grants(batch: Batch, said: Heartbeat, granted: list[Run]) -> None:
    """A grant whose answer never arrived: the claim is over for the worker, yet it does not hold the run."""
    held = set(said.held)
    for run in granted:
        if (run.id, run.lease) not in held and run.claim_seq <= said.claims_done:
            leased = (run.environment_id, run.id, run.lease)
            if run.slot:
                batch.touch(run.environment_id, run.queue, run.concurrency_key)
            batch.record(leased[:2], "JOB_RELEASED", data={"reason": "claim_answer_lost"})
            if run.cancel_requested_at is not None:  # nobody is there who could confirm it
                end_run(batch, leased, "CANCELLED")
            else:
                release_run(batch, leased, (run.crashes, run.faults))
    batch.flush()


def _ended_leases(said: Heartbeat, granted: list[Run]) -> list[Notice]:
    live = {(run.id, run.lease) for run in granted}
    return [
        Notice(run_id, lease, lease_ended=True) for run_id, lease in said.held if (run_id, lease) not in live
    ]


def leave(batch: Batch, command: Leave) -> None:
    """A worker says goodbye: what it still holds goes back, nobody is blamed. Or somebody says that it died."""
    said = command.farewell
    rows = batch.tx.rows("workers_by_ids", ids=[said.worker_id])
    workers = [
        w for w in WORKER.values(rows) if w.environment_id == command.environment_id and w.status != "GONE"
    ]
    if said.died:
        give_back(batch, workers, "exited", blames=True, fault=said.fault)
    else:
        give_back(batch, workers, "left", blames=False)
