"""Cancelling: a run ends at once, unless its code must be told, or its job has a hook for that.

A run with an `on_cancel` hook that had begun is given to a worker once more, with nothing of it open, for that hook
alone; it ends when the hook has, and without it when its time is up.
"""

from collections.abc import Iterable
from dataclasses import replace

from mainspring.clock import Instant
from mainspring.engine.batch import Batch
from mainspring.engine.commands import CancelRun
from mainspring.engine.jobs import spec_from_text
from mainspring.engine.joining import gathered, is_gathering
from mainspring.engine.runs import RESUMED, cancel_note, cancel_now, earliest, end_run, find_run
from mainspring.errors import MainspringError
from mainspring.model.failures import Failure, decided_end
from mainspring.model.runs import FINAL_RUN_STATUSES, Run

#: A run as (environment id, run id, lease).
Leased = tuple[str, str, int]


def jobs_with_hook(
    batch: Batch, jobs: Iterable[tuple[str, str]], name: str = "on_cancel"
) -> set[tuple[str, str]]:
    """Those of some jobs, as (environment id, job id), that have a hook of this name."""
    by_environment: dict[str, set[str]] = {}
    for environment_id, job_id in jobs:
        by_environment.setdefault(environment_id, set()).add(job_id)
    found = set()
    for environment_id, ids in by_environment.items():
        rows = batch.tx.rows("jobs_by_ids", environment_id=environment_id, ids=sorted(ids))
        found |= {(environment_id, row[0]) for row in rows if name in spec_from_text(row[1]).hooks}
    return found


def cancel_ends_at(batch: Batch, asked_at: Instant, *, has_hook: bool) -> Instant:
    """When a run that was asked to stop is over, whatever its code still does."""
    timing = batch.timing
    return asked_at + timing.cancel_grace + (timing.cancel_hooks if has_hook else 0)


def clean_up(
    batch: Batch, run: Leased, asked_at: Instant, *, note: tuple[str | None, str | None] | None = None
) -> None:
    """Gives a run that nobody holds (any more) to a worker for its hook. `note`: why and by whom it is cancelled,
    where this was not kept before."""
    environment_id, run_id, lease = run
    timer_at = cancel_ends_at(batch, asked_at, has_hook=True)
    if note is not None:
        batch.record(run[:2], "CANCEL_REQUESTED", data=cancel_note(*note))
        batch.later("note_cancel", {"id": run_id, "reason": note[0], "by": note[1]})
    batch.flush()
    times = {"asked_at": asked_at, "now": batch.now, "timer_at": timer_at}
    row = batch.tx.row("clean_up_run", id=run_id, lease=lease, lane=RESUMED, **times)
    batch.tx.run("delete_waits_of_body", run_id=run_id)
    batch.tx.run("close_tasks_of_body", run_id=run_id, now=batch.now)
    batch.wake.at(timer_at)
    batch.wake.ready.add(environment_id)
    if row is not None and row[2]:
        batch.touch(environment_id, row[0], row[1])


def stop_cancelled(
    batch: Batch,
    run: Leased,
    job_id: str,
    asked_at: Instant,
    failure: Failure | None = None,
    *,
    is_told: bool = False,
) -> None:
    """A run that was asked to stop is held by nobody any more, and its hook is not done: it may still be due.
    `is_told`: its account says already that nobody holds it."""
    place = (run[0], job_id)
    if place in jobs_with_hook(batch, [place]) and batch.now < cancel_ends_at(batch, asked_at, has_hook=True):
        if not is_told:
            batch.record(run[:2], "JOB_RELEASED")
        clean_up(batch, run, asked_at)
    else:
        end_run(batch, run, "CANCELLED", failure=failure)


def cancel_run(batch: Batch, command: CancelRun) -> Run | MainspringError:
    """Ends a run that nobody holds, or has its hook called; asks the holder of a running one to stop, within the
    grace period."""
    run = find_run(batch, command.environment_id, command.run_id)
    if isinstance(run, MainspringError) or run.status in FINAL_RUN_STATUSES:
        return run
    place = (run.environment_id, run.job_id)
    cancelled = cancel_found(batch, run, command, has_hook=place in jobs_with_hook(batch, [place]))
    batch.flush()
    return cancelled


def replace_runs(batch: Batch) -> None:
    """Runs whose place others take in this batch are asked to stop."""
    replaced, batch.replaced = batch.replaced, []
    for environment_id, run_id, by in replaced:
        cancel_run(batch, CancelRun(environment_id, run_id, "a newer run of its job takes its place", by))


def cancel_found(batch: Batch, run: Run, command: CancelRun, *, has_hook: bool) -> Run:
    """The same for a run that is held for a change; most of its writes are only gathered. `has_hook`: its job."""
    if run.status in FINAL_RUN_STATUSES or run.cancel_requested_at is not None or decided_end(run.failure):
        return run
    now, leased = batch.now, (run.environment_id, run.id, run.lease)
    has_hook = has_hook and run.started_at is not None
    if run.slot:
        batch.touch(run.environment_id, run.queue, run.concurrency_key)
    if is_gathering(run):
        run = replace(run, payload=gathered(batch, run))
        batch.later("keep_gathered", run)
    if run.status != "RUNNING" and not has_hook:
        cancel_now(batch, leased, reason=command.reason, by=command.by)
        return replace(run, status="CANCELLED", finished_at=now)
    if run.status != "RUNNING":
        clean_up(batch, leased, now, note=(command.reason, command.by))
        return replace(run, status="PENDING", cancel_requested_at=now)
    timer_at = earliest(cancel_ends_at(batch, now, has_hook=has_hook), run.deadline_at)
    holder = batch.tx.row(
        "request_cancel", id=run.id, now=now, timer_at=timer_at, reason=command.reason, by=command.by
    )
    if holder is not None:
        said = cancel_note(command.reason, command.by)
        batch.record((run.environment_id, run.id), "CANCEL_REQUESTED", data=said)
        batch.wake.attention.add(holder[0])
        batch.wake.at(timer_at)
    return replace(run, cancel_requested_at=now)
