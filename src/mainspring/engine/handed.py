"""Runs that begin as they are made: a claim waits for work and nothing else does, so they are inserted under its lease.

Otherwise a run is inserted as ready, entered into two indexes for that, found there again by the claim and written
anew: a quarter of what the committer spends on a run with one task, and in PostgreSQL a second version of its row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.engine.batch import Batch
from mainspring.engine.commands import Claim
from mainspring.engine.versions import take_on
from mainspring.model.runs import Run, span_after
from mainspring.model.workers import claim_names, queues_of
from mainspring.storage.database import Question


@dataclass(slots=True)
class Taker:
    """A claim that could have so many runs by these names now. `versions`, `pinning`: of the worker's row."""

    claim: Claim
    names: frozenset[str]
    slots: int
    versions: str
    pinning: str
    queues: frozenset[str]
    has_notices: bool

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
    if environment_id not in batch.takers:
        asked = question_for_takers(batch, environment_id)
        keep_takers(batch, environment_id, batch.tx.ask(*asked)[0] if asked else [])
    return batch.takers[environment_id]


def question_for_takers(batch: Batch, environment_id: str) -> list[Question]:
    """For whoever asks something anyway before runs are made; `keep_takers` takes the answer. None where no answer
    is needed."""
    if environment_id in batch.takers or environment_id in batch.wake.ready:
        return []
    ids = sorted(_open_claims(batch, environment_id))
    return [("takers", {"environment_id": environment_id, "ids": ids})] if ids else []


def keep_takers(batch: Batch, environment_id: str, rows: Sequence[Sequence[Any]]) -> None:
    """The answer to `question_for_takers`."""
    claims = _open_claims(batch, environment_id)
    most = batch.limits.max_runs_per_claim
    batch.takers[environment_id] = [
        Taker(
            claims[worker_id],
            frozenset(claim_names(job_ids, versions, superseded)),
            min(claims[worker_id].request.slots, most),
            versions,
            pinning,
            queues_of(queues),
            has_notices,
        )
        for worker_id, job_ids, versions, pinning, superseded, queues, has_notices in rows
    ]


def _open_claims(batch: Batch, environment_id: str) -> dict[str, Claim]:
    return {
        claim.request.worker_id: claim
        for claim in batch.claims
        if claim.environment_id == environment_id and claim.request.slots > 0
    }


def just_handed(batch: Batch, claim: Claim) -> list[Run] | None:
    """What the claim was handed, where nothing else can have come for it: that nothing was ready and nothing to be
    told was seen with its worker held. None: it has to look."""
    place = (claim.environment_id, claim.request.worker_id)
    if claim.environment_id in batch.wake.ready or place[1] in batch.wake.attention:
        return None
    has_news = any(t.claim is claim and t.has_notices for t in batch.takers.get(place[0], ()))
    return None if has_news or claim.request.noticed else batch.handed.get(place)


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
