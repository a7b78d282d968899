"""Runs that have not started yet: put off or brought forward; and the keys that they are known by."""

from dataclasses import replace

from mainspring.clock import to_iso
from mainspring.engine.batch import Batch
from mainspring.engine.commands import RescheduleRun, ResetKey
from mainspring.engine.runs import find_run
from mainspring.errors import BadRequest, Conflict, MainspringError
from mainspring.model.queues import FREE
from mainspring.model.runs import Run
from mainspring.model.schedules import SLOT_KEYS


def reschedule_run(batch: Batch, command: RescheduleRun) -> Run | MainspringError:
    """Its expiry moves along; a time that has come lets it start at once."""
    run = find_run(batch, command.environment_id, command.run_id)
    if isinstance(run, MainspringError):
        return run
    is_delayed = run.status == "PENDING" and not run.is_ready and run.lease == 0 and run.slot == FREE
    if not is_delayed or run.available_at <= batch.now:
        return Conflict(
            f"the run '{run.id}' is {run.status} and not delayed, so its start cannot be moved",
            mend="Only a run that was started with a delay can be, until that is over.",
        )
    at = command.at if command.at is not None else batch.now + (command.delay or 0)
    at = max(at, batch.now)
    expires_at = None if run.expires_at is None else run.expires_at + at - run.available_at
    batch.tx.run("reschedule_run", id=run.id, available_at=at, expires_at=expires_at)
    batch.record((run.environment_id, run.id), "RUN_RESCHEDULED", data={"at": to_iso(at)})
    batch.wake.at(at)
    return replace(run, available_at=at, expires_at=expires_at, timer_at=at)


def reset_key(batch: Batch, command: ResetKey) -> bool | MainspringError:
    """The next call with the key starts another run; the one that had it stays as it is."""
    if command.key.startswith(SLOT_KEYS):
        return BadRequest(
            "the keys of schedules are never reset: a slot starts one run", mend="Run it by hand."
        )
    changed = batch.tx.run(
        "reset_key", environment_id=command.environment_id, job_id=command.job_id, key=command.key
    )
    return changed > 0
