"""A worker died: its runs go on elsewhere, and a run that keeps killing workers is failed (I10).

Whoever was in a dying worker may be to blame, so every run it held gets a mark; progress wipes the marks. At
two marks a run is on its last chance: it waits in a lane of its own, at most one per worker. If a worker dies
while it holds such a run, that run alone is blamed and, at three, failed. So neighbours of a poison run are
not failed for it, and a worker killed from outside costs an innocent run nothing but time. One thing is left to
chance: an innocent run on its last chance beside a poison run nobody has suspected yet. Only an empty worker
would tell them apart, and would stand idle for as long as each suspect runs.
"""

from mainspring.engine.batch import Batch
from mainspring.engine.commands import EndWorkers
from mainspring.engine.runs import LAST_CHANCE, RESUMED, end_run
from mainspring.model.failures import Failure
from mainspring.model.runs import Run
from mainspring.model.workers import Worker
from mainspring.storage.shapes import RUN, WORKER

#: Deaths of workers in a row after which a run is failed.
MAX_CRASHES = 3


def lane_of(crashes: int) -> int:
    """Where a run that was given back waits, by the deaths that are held against it."""
    return LAST_CHANCE if crashes >= MAX_CRASHES - 1 else RESUMED


def end_workers(batch: Batch, command: EndWorkers) -> int:
    """Ends the leases of dead workers; returns how many runs were given back or failed."""
    workers = [worker for worker in _addressed(batch, command) if worker.status != "GONE"]
    # Deaf is not dead: nothing says that a run did it.
    blames = command.blames and command.reason != "deafened"
    return give_back(batch, workers, command.reason, blames=blames)


def _addressed(batch: Batch, command: EndWorkers) -> list[Worker]:
    tx = batch.tx
    if command.sightings:
        seen = {sighting.worker_id: sighting for sighting in command.sightings}
        workers = WORKER.values(tx.rows("workers_by_ids", ids=sorted(seen)))
        if command.reason == "deafened":
            return [w for w in workers if w.progress == seen[w.id].progress]
        return [w for w in workers if w.heartbeats == seen[w.id].heartbeats]
    if command.worker_id is not None:
        return WORKER.values(tx.rows("workers_by_ids", ids=[command.worker_id]))
    return WORKER.values(tx.rows("live_workers_of", environment_id=command.environment_id, name=command.name))


def give_back(batch: Batch, workers: list[Worker], reason: str, *, blames: bool) -> int:
    """Ends these workers; their runs go back to the head of their queues."""
    if not workers:
        return 0
    for worker in workers:
        batch.tx.run("end_worker", id=worker.id)
        batch.wake.attention.add(worker.id)
    runs = RUN.values(batch.tx.rows("runs_of_workers", worker_ids=[worker.id for worker in workers]))
    held: dict[str | None, list[Run]] = {}
    for run in runs:
        held.setdefault(run.worker_id, []).append(run)
    for group in held.values():
        suspects = [run for run in group if run.crashes >= MAX_CRASHES - 1]
        for run in group:
            blamed = blames and (run in suspects if suspects else True)
            _give_back_one(batch, run, reason, run.crashes + 1 if blamed else run.crashes)
    batch.flush()
    return len(runs)


def _give_back_one(batch: Batch, run: Run, reason: str, crashes: int) -> None:
    leased = (run.environment_id, run.id, run.lease)
    batch.record(
        (run.environment_id, run.id), "WORKER_LOST", data={"worker": run.worker_id, "reason": reason}
    )
    if run.cancel_requested_at is not None:
        end_run(batch, leased, "CANCELLED")
    elif crashes >= MAX_CRASHES:
        message = f"its worker died {crashes} times in a row while it held this run and no other suspect"
        end_run(batch, leased, "FAILED", failure=Failure("WorkerCrashed", message, "worker_crashed"))
    else:
        release_run(batch, leased, crashes)


def release_run(batch: Batch, run: tuple[str, str, int], crashes: int) -> None:
    """Back to the head of its queue, given as (environment id, run id, lease)."""
    environment_id, run_id, lease = run
    batch.later(
        "release_run",
        {"id": run_id, "lease": lease, "lane": lane_of(crashes), "crashes": crashes, "now": batch.now},
    )
    batch.wake.ready.add(environment_id)
