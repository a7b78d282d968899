"""Tasks in doubt: nobody knows whether an attempt was done, and a person says what became of it."""

import shlex
from typing import Any

from mainspring.clock import Instant
from mainspring.codec import clean_text, encode
from mainspring.engine.batch import Batch
from mainspring.engine.commands import SettleTask
from mainspring.engine.runs import find_run
from mainspring.engine.shown import failure_json
from mainspring.engine.waits import wake_runs
from mainspring.errors import Conflict, MainspringError, NotFound
from mainspring.model.effects import TaskInDoubt
from mainspring.model.failures import Failure
from mainspring.model.runs import Run
from mainspring.model.tasks import Task
from mainspring.model.waits import Wait
from mainspring.storage.shapes import RUN, TASK, WAIT


def doubt_wait(run: tuple[str, str], item: TaskInDoubt, now: Instant, limit: int) -> Wait:
    """What a run, given as (environment id, run id), waits for: a person. The reason is cut to `limit` bytes."""
    reason = encode({"message": clean_text(item.message, limit), "attempt": item.attempt}, what="a reason")
    return Wait(run[1], item.task.key, run[0], "in_doubt", None, None, reason, now)


def doubt_message(run_id: str, task_key: str, reason: dict[str, Any]) -> str:
    """What a person must know, and can do."""
    call = f"mainspring runs settle {run_id} {shlex.quote(task_key)}"
    return (
        f"nobody knows whether attempt {reason['attempt']} of '{task_key}' was done: {reason['message']}. "
        f"Look where it would show, then `{call} --done JSON | --retry | --fail`"
    )


def settle_task(batch: Batch, command: SettleTask) -> Run | MainspringError:
    """The task gets the outcome that a person knows, or its next attempt; its run goes on."""
    run = find_run(batch, command.environment_id, command.run_id)
    if isinstance(run, MainspringError):
        return run
    key = command.task_key
    tasks = TASK.values(batch.tx.rows("tasks_by_keys", run_id=run.id, keys=[key]))
    if not tasks:
        return NotFound(
            f"the run '{run.id}' has no task '{key}'", mend="`mainspring runs get RUN` lists its tasks."
        )
    waits = WAIT.values(batch.tx.rows("waits_of_runs", run_ids=[run.id]))
    if not any(wait.task_key == key and wait.kind == "in_doubt" for wait in waits):
        return Conflict(
            f"the task '{key}' is {tasks[0].status}, and not in doubt", mend="There is nothing to settle."
        )
    _settle(batch, tasks[0], command)
    wake_runs(batch, {run.id})
    row = batch.tx.row("find_run", environment_id=run.environment_id, id=run.id)
    return run if row is None else RUN.value(row)


def _settle(batch: Batch, task: Task, command: SettleTask) -> None:
    who, key, attempt = (task.environment_id, task.run_id), task.key, task.attempt
    batch.record(who, "TASK_SETTLED", key, attempt, {"verdict": command.verdict})
    batch.later("delete_wait", {"run_id": task.run_id, "task_key": key})
    if command.verdict == "retry":
        batch.later("retry_task", {"run_id": task.run_id, "key": key, "now": batch.now})
        batch.flush()
        return
    outcome = {"run_id": task.run_id, "key": key, "event_id": None, "now": batch.now}
    if command.verdict == "done":
        batch.later(
            "resolve_task", {**outcome, "status": "SUCCESS", "output": command.output, "failure": None}
        )
        batch.record(who, "TASK_COMPLETED", key, attempt)
    else:
        message = clean_text(command.message or "a person let it fail", batch.limits.max_error_bytes)
        failure = failure_json(Failure("InDoubt", message, "in_doubt", task_key=key))
        batch.later("resolve_task", {**outcome, "status": "FAILED", "output": None, "failure": failure})
        batch.record(who, "TASK_FAILED", key, attempt, {"message": message})
    batch.flush()
