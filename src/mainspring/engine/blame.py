"""A worker died: its runs go on elsewhere, and a run that keeps killing workers is failed (I10).

Nobody saw who did it. Whoever was in the dying worker may be to blame, so every run it held gets a mark; progress
wipes the marks. A run with two of them is a suspect and waits in a lane of its own, at most one per worker, so that
suspects part. What a death proves depends on what was seen of it:

- **A fault**: whoever started the process saw it end by itself, by an exit code or by a signal such as SIGSEGV. Code
  in that process did it. After two of those a suspect is tried *alone*: it is granted to a worker that holds nothing,
  and nothing is granted beside it. The third fault, which nobody else can have done, fails it. A trial is over when
  the run makes progress, and in any case after a while: a worker must not stand idle for as long as a suspect runs.
- **Everything else**: silence, SIGKILL, SIGTERM. An operator, the OOM killer and the loss of a node look like this,
  and so does a run that eats all memory where nobody watches. It proves next to nothing, and three in a row are what
  an innocent run meets on a bad day. So such a run gets more chances, each after a longer pause, so that one bad hour
  is not all of them; only ten deaths in a row fail it. From the eighth on it is tried alone as well, or poison beside
  it could bring an innocent one there.
"""

from dataclasses import dataclass

from mainspring.clock import SECOND
from mainspring.engine.admission import give_up_slots
from mainspring.engine.batch import Batch
from mainspring.engine.cancels import stop_cancelled
from mainspring.engine.commands import EndWorkers
from mainspring.engine.failing import end_unheard
from mainspring.engine.runs import ALONE, LAST_CHANCE, RESUMED
from mainspring.model.failures import Failure
from mainspring.model.runs import SUSPECT_FROM, Run
from mainspring.model.workers import Worker
from mainspring.storage.shapes import RUN, WORKER

#: Faults in a row, the last of them alone, after which a run is failed; and deaths of any kind.
MAX_FAULTS, MAX_DEATHS = 3, 10
#: Deaths of any kind after which it is tried alone.
ALONE_FROM = MAX_DEATHS - 3
#: What a suspect pauses after a death that proves little, doubled each time, up to the second.
PAUSE, LONGEST_PAUSE = SECOND, 60 * SECOND


@dataclass(frozen=True, slots=True)
class _Death:
    """Of a worker, for one run it held. `fault`: what ended its process, "" where nobody saw it."""

    reason: str
    blames: bool
    fault: str
    is_alone: bool


def lane_of(crashes: int, faults: int) -> int:
    """Where a run that was given back waits, by the deaths that are held against it."""
    if crashes < SUSPECT_FROM:
        return RESUMED
    return ALONE if faults >= MAX_FAULTS - 1 or crashes >= ALONE_FROM else LAST_CHANCE


def end_workers(batch: Batch, command: EndWorkers) -> int:
    """Ends the leases of dead workers; returns how many runs were given back or failed."""
    workers = [worker for worker in _addressed(batch, command) if worker.status != "GONE"]
    # Deaf is not dead: nothing says that a run did it.
    blames = command.blames and command.reason != "deafened"
    return give_back(batch, workers, command.reason, blames=blames, fault=command.fault)


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


def give_back(batch: Batch, workers: list[Worker], reason: str, *, blames: bool, fault: str = "") -> int:
    """Ends these workers; their runs go back to the head of their queues."""
    if not workers:
        return 0
    for worker in workers:
        batch.tx.run("end_worker", id=worker.id, now=batch.now, reason=reason)
        batch.wake.attention.add(worker.id)
    runs = RUN.values(batch.tx.rows("runs_of_workers", worker_ids=[worker.id for worker in workers]))
    held: dict[str | None, list[Run]] = {}
    for run in runs:
        held.setdefault(run.worker_id, []).append(run)
    for group in held.values():
        death = _Death(reason, blames, fault if blames else "", is_alone=len(group) == 1)
        for run in group:
            if run.slot:
                batch.touch(run.environment_id, run.queue, run.concurrency_key)
            _give_back_one(batch, run, death)
    batch.flush()
    give_up_slots(batch, workers)
    return len(runs)


def _give_back_one(batch: Batch, run: Run, death: _Death) -> None:
    leased = (run.environment_id, run.id, run.lease)
    told = {"worker": run.worker_id, "reason": death.reason}
    batch.record(leased[:2], "WORKER_LOST", data={**told, "fault": death.fault} if death.fault else told)
    crashes, faults = run.crashes + death.blames, run.faults + bool(death.fault)
    if run.cancel_requested_at is not None:
        stop_cancelled(batch, leased, run.job_id, run.cancel_requested_at, is_told=True)
    elif death.blames and _is_proven(crashes, faults, death):
        message = f"its worker died {crashes} times in a row while it held this run"
        if death.fault:
            message += f", the last time by itself ({death.fault})"
        batch.tx.run("mark_deaths", id=run.id, lease=run.lease, crashes=crashes, faults=faults)
        end_unheard(batch, run, Failure("WorkerCrashed", message, "worker_crashed"))
    else:
        is_spaced = death.blames and not death.fault and crashes > SUSPECT_FROM
        pause = min(PAUSE << (crashes - SUSPECT_FROM - 1), LONGEST_PAUSE) if is_spaced else 0
        release_run(batch, leased, (crashes, faults), pause=pause)


def _is_proven(crashes: int, faults: int, death: _Death) -> bool:
    return crashes >= MAX_DEATHS or (bool(death.fault) and death.is_alone and faults >= MAX_FAULTS)


def release_run(batch: Batch, run: tuple[str, str, int], marks: tuple[int, int], *, pause: int = 0) -> None:
    """Back to the head of its queue, given as (environment id, run id, lease); `marks`: its (crashes, faults)."""
    environment_id, run_id, lease = run
    lane = lane_of(*marks)
    timer_at = batch.now + pause if pause else trial_end(batch) if lane == ALONE else None
    batch.later(
        "release_run",
        {
            "id": run_id,
            "lease": lease,
            "lane": lane,
            "crashes": marks[0],
            "faults": marks[1],
            "is_ready": not pause,
            "available_at": batch.now + pause,
            "timer_at": timer_at,
        },
    )
    batch.wake.at(timer_at)
    batch.wake.ready.add(environment_id)


def trial_end(batch: Batch) -> int:
    """Until then a suspect waits for a worker of its own, or has one."""
    return batch.now + 2 * batch.timing.lease_timeout
