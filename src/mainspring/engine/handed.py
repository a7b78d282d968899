"""Runs that begin as they are made: a claim waits for work and nothing else does, so they are inserted under its lease.

Otherwise a run is inserted as ready, entered into two indexes for that, found there again by the claim and written
anew: a quarter of what the committer spends on a run with one task, and in PostgreSQL a second version of its row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mainspring.engine.batch import Batch
from mainspring.engine.commands import Claim
from mainspring.engine.versions import take_on
from mainspring.model.runs import Run, span_after
from mainspring.model.workers import claim_names, queues_of


@dataclass(slots=True)
class Taker:
    """A claim that could have so many runs by these names now. `versions`, `pinning`: of the worker's row."""

    claim: Claim
    names: frozenset[str]
    slots: int
    versions: str
    pinning: str
    queues: frozenset[str]

    def takes_from(self, queue: str) -> bool:
        return not self.queues or queue in self.queues


def hand_over(batch: Batch, runs: Sequence[Run]) -> None:
    """Before they are inserted: those of some new runs of one environment that a claim waits for begin under its lease.

    None of them where anything else is ready: which goes first is decided where all can be seen, by the claim.
    """
    ready = [run for run in runs if run.is_ready]
    if not ready or not batch.claims or ready[0].environment_id in batch.wake.ready:
        return
    takers = _takers(batch, ready[0].environment_id)
    if len(ready) > 1:
        ready.sort(key=lambda run: -run.priority)
    for run in ready:
        for taker in takers:
            if taker.slots > 0 and run.claim_name in taker.names and taker.takes_from(run.queue):
                taker.slots -= 1
                _begin(batch, run, taker)
                break


def _takers(batch: Batch, environment_id: str) -> list[Taker]:
    """Asked once for each environment: of what becomes ready later in this batch its wake tells."""
    takers = batch.takers.get(environment_id)
    if takers is None:
        claims = {
            claim.request.worker_id: claim
            for claim in batch.claims
            if claim.environment_id == environment_id and claim.request.slots > 0
        }
        ids = sorted(claims)
        rows = batch.tx.rows("takers", environment_id=environment_id, ids=ids) if ids else []
        most = batch.limits.max_runs_per_claim
        takers = batch.takers[environment_id] = [
            Taker(
                claims[worker_id],
                frozenset(claim_names(job_ids, versions, superseded)),
                min(claims[worker_id].request.slots, most),
                versions,
                pinning,
                queues_of(queues),
            )
            for worker_id, job_ids, versions, pinning, superseded, queues in rows
        ]
    return takers


def _begin(batch: Batch, run: Run, taker: Taker) -> None:
    """As `claim_runs` would leave it."""
    claim = taker.claim
    worker_id = claim.request.worker_id
    take_on(run, taker.versions, taker.pinning)
    run.status, run.is_ready, run.lease = "RUNNING", False, 1
    run.worker_id, run.claim_seq = worker_id, claim.request.claim_seq
    run.started_at, run.expires_at = batch.now, None
    run.deadline_at = run.timer_at = span_after(batch.now, run.max_duration)
    batch.handed.setdefault((run.environment_id, worker_id), []).append(run)
