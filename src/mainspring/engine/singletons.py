"""Singletons: of a job's runs with one key a single one leads, decided in the transaction that inserts a run.

The one that leads is alive for whatever it does: it runs, waits, is delayed or held. What else is started is answered
with it ("skip"), takes its place once it has ended ("cancel"), or stands behind it ("queue"). A unique index keeps two
servers from making two leaders; whoever starts another holds the leader's row, so that it does not end unheard.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from mainspring.codec import decode
from mainspring.engine.batch import Batch
from mainspring.engine.standing import know_queues
from mainspring.errors import BadRequest, MainspringError
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import BEHIND, key_of
from mainspring.model.runs import Run
from mainspring.storage.shapes import RUN

#: The runs that lead, by (job id, singleton key), as far as they were looked for.
Leaders = dict[tuple[str, str], Run]

#: What the keys of jobs and those of schedules begin with.
_OF_JOB, _OF_SCHEDULE = "=", "@"
#: Runs behind one that are cancelled with it, at most.
_MOST_BEHIND = 1_000


def key_of_job(spec: JobSpec, payload: Any) -> str | None:
    """The singleton key of a run of this job, given its decoded payload; None where any number may be alive."""
    if spec.singleton is None:
        return None
    found = None if spec.singleton_key is None else key_of(spec.singleton_key, payload)
    return _OF_JOB + (found or "")


def key_of_schedule(schedule_id: str) -> str:
    """That of the runs of a schedule whose slots wait for one another."""
    return _OF_SCHEDULE + schedule_id


def find_leaders(
    batch: Batch, environment_id: str, wanted: Iterable[tuple[str, str]], leaders: Leaders
) -> None:
    """Adds those that lead now, given what is started as (job id, singleton key). Their rows are held."""
    wanted = [place for place in wanted if place not in leaders]
    if not wanted:
        return
    job_ids, keys = sorted({job_id for job_id, _ in wanted}), sorted({key for _, key in wanted})
    rows = batch.tx.rows("leading_runs", environment_id=environment_id, job_ids=job_ids, keys=keys)
    for run in RUN.values(rows):
        leaders[run.job_id, run.singleton_key or ""] = run


def find_for_drafts(
    batch: Batch, environment_id: str, drafts: Iterable[RunDraft], jobs: dict[str, tuple[JobSpec, bool]]
) -> Leaders:
    """Those that lead where some drafts are to start."""
    leaders: Leaders = {}
    wanted = []
    for draft in drafts:
        job = jobs.get(draft.job_id)
        key = None if job is None or job[0].singleton is None else key_of_job(job[0], decode(draft.payload))
        wanted += [] if key is None else [(draft.job_id, key)]
        wanted += [] if draft.singleton_key is None else [(draft.job_id, draft.singleton_key)]
    find_leaders(batch, environment_id, wanted, leaders)
    return leaders


def find_answered(
    batch: Batch, environment_id: str, drafts: Iterable[RunDraft], jobs: dict[str, tuple[JobSpec, bool]]
) -> dict[Any, Run]:
    """The runs that these very calls were answered with before, none being made, by (job id, idempotency key)."""
    asked = [
        (draft.job_id, draft.idempotency_key)
        for draft in drafts
        if draft.idempotency_key is not None
        and draft.job_id in jobs
        and jobs[draft.job_id][0].singleton == "skip"
    ]
    if not asked:
        return {}
    place = {"environment_id": environment_id, "job_ids": sorted({job_id for job_id, _ in asked})}
    rows = batch.tx.rows("joined_runs", **place, keys=[key for _, key in asked])
    return {(run.job_id, key): run for key, run in ((row[0], RUN.value(row[1:])) for row in rows)}


class Line:
    """The places that the new runs of one call take among those with their keys. Nothing is kept of a call that is
    refused: `keep` comes when that is settled."""

    def __init__(self, batch: Batch, leaders: Leaders) -> None:
        self._batch = batch
        self._leaders = leaders
        self._ours: Leaders = {}
        self._answered: list[dict[str, Any]] = []
        self._replaced: list[tuple[str, str, str]] = []

    def join(self, run: Run, spec: JobSpec) -> Run:
        """The same run, perhaps behind another; or the one that is alive, and no run is made."""
        key = key_of_job(spec, decode(run.payload) if spec.singleton_key else None) or run.singleton_key
        if key is None:
            return run
        mode = spec.singleton if key.startswith(_OF_JOB) else "queue"
        place = (run.job_id, key)
        leader = self._ours.get(place) or self._leaders.get(place)
        if leader is not None and mode == "skip":
            if run.idempotency_key is not None:
                row = {"environment_id": run.environment_id, "job_id": run.job_id, "run_id": leader.id}
                self._answered.append({**row, "idempotency_key": run.idempotency_key})
            return leader
        run.singleton_key = key
        if leader is None:
            self._ours[place] = run
            return run
        run.slot, run.is_ready, run.timer_at = BEHIND, False, run.expires_at
        if mode == "cancel":
            self._replaced += [(run.environment_id, one, run.id) for one in (leader.id, *self._behind(run))]
        return run

    def _behind(self, run: Run) -> Iterator[str]:
        place = {"environment_id": run.environment_id, "job_id": run.job_id, "key": run.singleton_key}
        for (run_id,) in self._batch.tx.rows("runs_behind", **place, limit=_MOST_BEHIND):
            yield run_id

    def keep(self) -> None:
        self._leaders.update(self._ours)
        self._batch.replaced += self._replaced
        for row in self._answered:
            self._batch.later("insert_joined_call", row)


def singleton_refusal(spec: JobSpec, draft: RunDraft) -> MainspringError | None:
    """Calls that are put off together become one run by themselves."""
    if spec.singleton is None or draft.debounce is None:
        return None
    return BadRequest(
        f"the job '{spec.id}' is a singleton, so its calls cannot be debounced",
        mend="Leave out debounce=, or singleton= of the job.",
    )


def lead_on(batch: Batch, run_ids: list[str]) -> None:
    """These runs ended: of what waited behind them the next may start. Call when their rows are written."""
    if not run_ids:
        return
    runs = RUN.values(batch.tx.rows("next_to_lead", ids=run_ids))
    if not runs:
        return
    know_queues(batch, {(run.environment_id, run.queue) for run in runs})
    for run in runs:
        is_due = run.available_at <= batch.now
        timer_at = run.expires_at if is_due else run.available_at
        batch.tx.run("take_lead", id=run.id, is_due=is_due, timer_at=timer_at)
        batch.wake.at(timer_at)
        batch.wake.ready.add(run.environment_id)
        if is_due and (run.environment_id, run.queue) in batch.governed:
            batch.touch(run.environment_id, run.queue, run.concurrency_key)
