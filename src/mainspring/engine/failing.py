"""Runs that end without a word of their code, past their `max_duration` or with the last of their workers: where the
job has an `on_failure` hook, the end is kept, and the run is given to a worker once more for that hook alone.

It ends as it was decided when the hook has, and without it when its time is up.
"""

import dataclasses

from mainspring.codec import decode, encode
from mainspring.engine.batch import Batch
from mainspring.engine.cancels import jobs_with_hook
from mainspring.engine.runs import RESUMED, end_run
from mainspring.engine.shown import failure_json
from mainspring.model.failures import DECIDED, Failure
from mainspring.model.runs import Run, RunStatus
from mainspring.model.tasks import Task
from mainspring.storage.shapes import TASK

#: The task that keeps the end of a run before its hooks are called; no task of the user's has such a key.
OUTCOME_KEY = "#outcome"


def status_after(failure: Failure) -> RunStatus:
    """How a run ends whose holder reports this failure for good: perhaps it was only lent it for its hooks."""
    return DECIDED.get(failure.code, "FAILED")


def is_decided(failure: Failure) -> bool:
    """Whether it is no failure of the body, which did not come to an end."""
    return failure.code in DECIDED


def end_unheard(batch: Batch, run: Run, failure: Failure) -> None:
    """The end of a run of which its code does not know, after its hooks if it has some."""
    leased = (run.environment_id, run.id, run.lease)
    batch.flush()
    tasks = batch.tx.rows("tasks_by_keys", run_id=run.id, keys=[OUTCOME_KEY])
    place = (run.environment_id, run.job_id)
    if tasks:  # its hooks had their time, or killed their workers as well
        kept = _decided_before(TASK.value(tasks[0]).output) or failure
        end_run(batch, leased, DECIDED[kept.code], failure=kept)
    elif run.started_at is not None and place in jobs_with_hook(batch, [place], "on_failure"):
        _lend(batch, run, failure)
    else:
        end_run(batch, leased, DECIDED[failure.code], failure=failure)


def _decided_before(output: str | None) -> Failure | None:
    """The end that was decided here; None where the body came to its end itself."""
    said = decode(output or "{}").get("failure")
    failure = None if said is None else Failure(**said)
    return failure if failure is not None and is_decided(failure) else None


def _lend(batch: Batch, run: Run, failure: Failure) -> None:
    """Keeps the end, closes all that the body had open, and lets a worker have the run for its hooks."""
    who, ends_at = (run.environment_id, run.id), batch.now + batch.timing.cancel_hooks
    batch.record(who, "END_DECIDED", data={"status": DECIDED[failure.code], "message": failure.message})
    batch.flush()
    times = {"now": batch.now, "ends_at": ends_at}
    row = batch.tx.row(
        "lend_run", id=run.id, lease=run.lease, lane=RESUMED, failure=failure_json(failure), **times
    )
    batch.tx.run("delete_waits_of_runs", run_ids=[run.id])
    batch.tx.run("close_tasks", run_ids=[run.id], now=batch.now)
    positions = [one[3] for one in batch.tx.rows("outlines_of_tasks", run_id=run.id) if one[3] is not None]
    shown = {"failure": dataclasses.asdict(failure), "duration": 0}
    batch.later(
        "save_task",
        _outcome_row(batch, run, encode(shown, what="the failure"), max(positions, default=0) + 1),
    )
    batch.record(who, "TASK_COMPLETED", OUTCOME_KEY, 1)
    batch.wake.at(ends_at)
    batch.wake.ready.add(run.environment_id)
    if row is not None and row[2]:
        batch.touch(run.environment_id, row[0], row[1])


def _outcome_row(batch: Batch, run: Run, output: str, position: int) -> Task:
    return Task(
        run_id=run.id,
        environment_id=run.environment_id,
        key=OUTCOME_KEY,
        parent_key=None,
        kind="value",
        name="outcome",
        icon=None,
        params=None,
        properties=None,
        fingerprint="",
        status="SUCCESS",
        attempt=1,
        output=output,
        failure=None,
        position=position,
        event_id=None,
        started_at=batch.now,
        finished_at=batch.now,
        next_attempt_at=None,
    )
