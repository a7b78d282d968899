"""Rules over the tasks of a run and the waits that belong to them."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import target_of
from mainspring.audit.rows import Around, Case, TaskRow, WaitRow
from mainspring.audit.runs import found
from mainspring.codec import decode
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.model.tasks import TASK_MOVES


def check_tasks(case: Case, around: Around) -> Iterator[Finding]:
    """What is wrong with the tasks and waits of a run."""
    for task in case.tasks.values():
        yield from _task(case, task, around)
    for wait in case.waits.values():
        yield from _wait(case, wait, around)
    for key in case.misfits:
        message = f"it was kept from {case.tasks[key].kept_from}, where it is not the same"
        yield found(case.run, rules.KEPT_DIFFERS, message, key)
    yield from _one_event_one_wait(case)
    yield from _left_awaited(case, around)


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────────
def _task(case: Case, task: TaskRow, around: Around) -> Iterator[Finding]:
    run, key = case.run, task.key
    if task.environment_id != run.environment_id:
        message = f"it belongs to environment {task.environment_id}, its run to {run.environment_id}"
        yield found(run, rules.CROSSED_ENVIRONMENTS, message, key)
    if task.status not in TASK_MOVES:
        yield found(run, rules.TASK_CONTRADICTS, f"its status '{task.status}' does not exist", key)
        return
    if task.is_final:
        yield from _outcome(case, task)
    elif run.is_final:
        yield found(run, rules.OPEN_AFTER_END, f"it is {task.status}, its run is {run.status}", key)
    elif task.status == "WAITING" and key not in case.waits:
        rule = rules.WAIT_MISSING if _can_be_told(case, key) else rules.WAIT_UNKNOWN
        yield found(run, rule, "it is WAITING, but nothing would resolve it", key)
    if task.event_id is not None and task.kept_from is None:
        yield from _event(case, task, around)


def _outcome(case: Case, task: TaskRow) -> Iterator[Finding]:
    run, key = case.run, task.key
    if task.finished_at is None:
        yield found(run, rules.TASK_CONTRADICTS, f"it is {task.status}, but nobody knows since when", key)
    if task.status == "SUCCESS" and not task.has_output:
        yield found(run, rules.TASK_CONTRADICTS, "it is SUCCESS without an output", key)
    if task.status == "FAILED" and not task.has_failure:
        yield found(run, rules.TASK_CONTRADICTS, "it is FAILED without a failure", key)
    if key in case.waits:
        yield found(run, rules.WAIT_LEFT_OVER, f"it is {task.status}, but its wait is still open", key)


def _event(case: Case, task: TaskRow, around: Around) -> Iterator[Finding]:
    """I7: the event that resolved a wait is one that it asked for."""
    run, key = case.run, task.key
    event = around.events.get(task.event_id or "")
    if event is None:
        message = f"the event {task.event_id} that resolved it is not there"
        yield found(run, rules.EVENT_MISSING, message, key)
        return
    if event.environment_id != run.environment_id:
        message = f"the event {event.id} of environment {event.environment_id} resolved it"
        yield found(run, rules.CROSSED_ENVIRONMENTS, message, key)
    if event.delivery is None or event.delivery <= run.heard_from:
        message = f"the event {event.id} resolved it, which was not delivered since the run began"
        yield found(run, rules.EVENT_CROSSED, message, key)
    if event.id == run.event_id:
        yield found(run, rules.EVENT_CROSSED, "the event that started the run resolved it", key)
    asked = waits_for(case, key)
    wanted = asked.get("event_name"), asked.get("id")
    if asked and wanted != (event.name, wanted[1] and event.correlation_id):
        message = f"it asked for event '{wanted[0]}' {wanted[1] or ''}, and {event.id} resolved it"
        yield found(run, rules.EVENT_CROSSED, message, key)


def waits_for(case: Case, key: str) -> dict[str, str]:
    """What a wait waits for, as the history tells it; empty when it tells nothing."""
    for _, kind, task_key, data in case.entries:
        if kind == "WAIT_STARTED" and task_key == key and data:
            said: dict[str, str] = decode(data)
            return said
    return {}


def _can_be_told(case: Case, key: str) -> bool:
    """Whether the history tells all there was to a wait: filters and lists of runs are not in it."""
    said = waits_for(case, key)
    needed = {"time": "until", "run": "run", "token": "token"}
    return needed.get(said.get("kind", ""), "filter") in said


def _one_event_one_wait(case: Case) -> Iterator[Finding]:
    used: dict[str, str] = {}
    for task in case.tasks.values():
        if task.event_id is None:
            continue
        other = used.setdefault(task.event_id, task.key)
        if other != task.key:
            message = f"the event {task.event_id} resolved it and '{other}'"
            yield found(case.run, rules.EVENT_CROSSED, message, task.key)


# ── waits ────────────────────────────────────────────────────────────────────────────────────────────
def _wait(case: Case, wait: WaitRow, around: Around) -> Iterator[Finding]:
    run, key = case.run, wait.task_key
    if wait.environment_id != run.environment_id:
        message = f"its wait belongs to environment {wait.environment_id}"
        yield found(run, rules.CROSSED_ENVIRONMENTS, message, key)
    if run.is_final:
        yield found(run, rules.OPEN_AFTER_END, f"its wait is open, its run is {run.status}", key)
        return
    if wait.kind == "drift":
        return
    task = case.tasks.get(key)
    if task is None or (not task.is_final and task.status != _waiting_as(wait)):
        status = task.status if task else "not there"
        yield found(run, rules.WAIT_LEFT_OVER, f"a wait is open for it, but it is {status}", key)
        return
    if not task.is_final:
        yield from _answered(case, wait, around)


def _waiting_as(wait: WaitRow) -> str:
    return "RETRYING" if wait.kind == "retry" else "WAITING"


def _answered(case: Case, wait: WaitRow, around: Around) -> Iterator[Finding]:
    """A wait for runs that have all ended should have been resolved by the last of them."""
    target = target_of(wait)
    targets = case.awaited.get(wait.task_key, []) if wait.kind == "runs" else [target] if target else None
    if targets is None or any(is_open(around, one) for one in targets):
        return
    what = f"the run {target} has ended" if target else "the last of its runs has ended"
    yield found(case.run, rules.WAIT_NOT_ANSWERED, f"{what}, but it still waits", wait.task_key)


def is_open(around: Around, run_id: str) -> bool:
    """Whether a run that is referred to may still end."""
    status = around.runs.get(run_id)
    return status is not None and status.status not in FINAL_RUN_STATUSES


def _left_awaited(case: Case, around: Around) -> Iterator[Finding]:
    """Who ends takes its rows with it: one left behind would hold the wait open for ever."""
    for key, targets in case.awaited.items():
        wait = case.waits.get(key)
        left = [target for target in targets if not is_open(around, target)]
        if left and len(left) < len(targets) and wait is not None and not case.run.is_final:
            message = f"it still counts {len(left)} run(s) that have ended, {left[0]} among them"
            yield found(case.run, rules.WAIT_NOT_ANSWERED, message, key)
