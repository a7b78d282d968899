"""Rules over a run's row and what it refers to."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding, Rule
from mainspring.audit.rows import Around, Case, RunRow
from mainspring.model.runs import FINAL_RUN_STATUSES, RUN_MOVES


def check_run(case: Case, around: Around) -> Iterator[Finding]:
    """What is wrong with the run itself."""
    run = case.run
    if run.status not in RUN_MOVES:
        yield found(run, rules.END_CONTRADICTS, f"its status '{run.status}' does not exist")
        return
    yield from _holder(run, around)
    if run.is_ready and run.status != "PENDING":
        yield found(run, rules.READY_BUT_NOT_PENDING, f"it is {run.status} and could be claimed")
    yield from _slot(run)
    if run.is_final:
        yield from _end(run)
    else:
        yield from _goes_on(case)
    yield from _origin(run, around)


def found(run: RunRow, rule: Rule, message: str, task_key: str | None = None) -> Finding:
    """A finding about a run."""
    return Finding(rule, message, run.environment_id, run.id, task_key)


def _holder(run: RunRow, around: Around) -> Iterator[Finding]:
    if run.status != "RUNNING":
        if run.worker_id is not None:
            message = f"it is {run.status}, yet worker {run.worker_id} holds it"
            yield found(run, rules.HELD_BUT_NOT_RUNNING, message)
        return
    if run.worker_id is None:
        yield found(run, rules.LEASE_WITHOUT_HOLDER, "it is RUNNING, but no worker holds it")
        return
    worker = around.workers.get(run.worker_id)
    if worker is None:
        message = f"its worker {run.worker_id} never registered"
        yield found(run, rules.LEASE_WITHOUT_HOLDER, message)
    elif worker.status == "GONE":
        yield found(run, rules.LEASE_WITHOUT_HOLDER, f"its worker {worker.id} is gone")
    elif worker.environment_id != run.environment_id:
        message = f"its worker {worker.id} belongs to environment {worker.environment_id}"
        yield found(run, rules.CROSSED_ENVIRONMENTS, message)
    if run.lease < 1:
        yield found(run, rules.END_CONTRADICTS, f"it is RUNNING under lease {run.lease}")


def _slot(run: RunRow) -> Iterator[Finding]:
    """Its place in a queue with limits."""
    if run.is_held and run.status == "PENDING":
        if not run.is_governed:
            yield found(run, rules.HELD_FOR_NOTHING, "its queue holds it back and has no limits")
    elif run.is_behind and run.status == "PENDING":
        if run.is_forgotten:
            yield found(run, rules.BEHIND_NOBODY, "it waits behind a run of its job that is not there")
    elif run.slot and run.status != "RUNNING" and not (run.status == "PENDING" and run.is_ready):
        yield found(run, rules.SLOT_NOT_FREED, f"it is {run.status} and has a slot in its queue")


def _end(run: RunRow) -> Iterator[Finding]:
    if run.timer_at is not None:
        yield found(run, rules.END_NOT_CLEAN, f"it is {run.status} and still has a timer")
    if run.finished_at is None:
        yield found(run, rules.END_CONTRADICTS, f"it is {run.status}, but nobody knows since when")
    if run.has_output != (run.status == "SUCCESS"):
        which = "an" if run.has_output else "no"
        yield found(run, rules.END_CONTRADICTS, f"it is {run.status} and has {which} output")
    if run.status in ("FAILED", "TIMED_OUT", "EXPIRED") and not run.has_failure:
        yield found(run, rules.END_CONTRADICTS, f"it is {run.status} without a failure")
    if run.status == "SUCCESS" and run.has_failure:
        yield found(run, rules.END_CONTRADICTS, "it is SUCCESS and has a failure")


def _goes_on(case: Case) -> Iterator[Finding]:
    """A run that has not ended: something must move it."""
    run = case.run
    if run.finished_at is not None or run.has_output:
        yield found(run, rules.END_CONTRADICTS, f"it is {run.status}, but has an end")
    is_idle = run.status == "PENDING" and not run.is_ready and not run.is_held and not run.is_behind
    if is_idle and not _is_timed(run, run.available_at):
        yield found(run, rules.NEVER_STARTS, "it is PENDING, not ready, and nothing will make it so")
        return
    if run.status == "WAITING" and not case.waits and not _awaits(case):
        yield found(run, rules.WAITS_FOR_NOTHING, "it is WAITING, but no wait of it is open")
    if run.deadline_at is not None and not _is_timed(run, run.deadline_at):
        yield found(run, rules.DEADLINE_UNWATCHED, "it has a deadline that no timer watches")


def _awaits(case: Case) -> bool:
    """Whether a task waits all the same; that its wait is missing is another finding."""
    return any(task.status == "WAITING" for task in case.tasks.values())


def _is_timed(run: RunRow, at: int) -> bool:
    """Whether somebody will look at the run at this instant."""
    return run.timer_at is not None and run.timer_at <= at


def _origin(run: RunRow, around: Around) -> Iterator[Finding]:
    if run.event_id is not None:
        event = around.events.get(run.event_id)
        if event is None:
            message = f"the event {run.event_id} that started it is not there"
            yield found(run, rules.EVENT_MISSING, message)
        elif event.environment_id != run.environment_id:
            message = f"it was started by event {event.id} of environment {event.environment_id}"
            yield found(run, rules.CROSSED_ENVIRONMENTS, message)
    if run.parent_run_id is not None:
        parent = around.runs.get(run.parent_run_id)
        if parent is None:
            message = f"its parent {run.parent_run_id} is not there"
            yield found(run, rules.PARENT_MISSING, message)
        elif parent.environment_id != run.environment_id:
            message = f"its parent {parent.id} belongs to environment {parent.environment_id}"
            yield found(run, rules.CROSSED_ENVIRONMENTS, message)
        elif parent.status == "CANCELLED" and _is_left_alone(run):
            message = f"its parent {parent.id} was cancelled, but it is {run.status}"
            yield found(run, rules.CHILD_OUTLIVES_CANCEL, message)


def _is_left_alone(run: RunRow) -> bool:
    """Neither ended nor asked to stop."""
    return run.status not in FINAL_RUN_STATUSES and run.cancel_requested_at is None
