"""Replays: a run of the same job again, all of it or from one of its tasks on. The old run stays as it is."""

from dataclasses import replace

from mainspring.codec import decode
from mainspring.engine.batch import Batch
from mainspring.engine.commands import ReplayRun, TriggerRuns
from mainspring.engine.joining import gathered, is_gathering
from mainspring.engine.runs import Origin, find_run, start_runs
from mainspring.errors import BadRequest, Conflict, MainspringError
from mainspring.model.protocol import RunDraft
from mainspring.model.replays import TaskOutline, kept_before, listed
from mainspring.model.runs import FINAL_RUN_STATUSES, Run


def replay_run(batch: Batch, command: ReplayRun) -> Run | MainspringError:
    """The new run, or the one that an earlier call with the same idempotency key started."""
    old = find_run(batch, command.environment_id, command.run_id)
    if isinstance(old, MainspringError):
        return old
    if is_gathering(old):
        old = replace(old, payload=gathered(batch, old))
    kept: list[TaskOutline] = []
    if command.from_task is not None:
        tasks = _outlines(batch, old)
        refusal = _refusal(old, command.from_task, tasks)
        if refusal is not None:
            return refusal
        kept = kept_before(tasks, command.from_task)
    origin = Origin(event_id=old.event_id, replay_of=old.id, replay_from=command.from_task)
    call = TriggerRuns(command.environment_id, (_draft(command, old),))
    (started,) = start_runs(batch, [(call, origin)])
    if isinstance(started, MainspringError):
        return started
    (run,) = started
    if kept and run.id == command.new_run_id:
        _keep(batch, old, run, kept)
    return run


def _draft(command: ReplayRun, old: Run) -> RunDraft:
    return RunDraft(
        run_id=command.new_run_id,
        job_id=old.job_id,
        payload=old.payload if command.payload is None else command.payload,
        idempotency_key=command.idempotency_key,
        queue=old.queue,
        concurrency_key=old.concurrency_key,
        priority=old.priority,
        tags=tuple(decode(old.tags)),
        is_test=old.is_test,
    )


def _outlines(batch: Batch, run: Run) -> dict[str, TaskOutline]:
    """The tasks of a run by their keys, as they began."""
    place = {"environment_id": run.environment_id, "run_id": run.id}
    outlines, beginnings = batch.tx.ask(
        ("outlines_of_tasks", {"run_id": run.id}), ("beginnings_of_tasks", place)
    )
    began = {key: (sequence, at) for key, sequence, at in beginnings}
    tasks = [
        TaskOutline(key, kind, status, position, *began.get(key, (0, 0)))
        for key, kind, status, position in outlines
    ]
    return {task.key: task for task in sorted(tasks, key=lambda task: (task.began, task.key))}


def _refusal(run: Run, from_task: str, tasks: dict[str, TaskOutline]) -> MainspringError | None:
    if run.status not in FINAL_RUN_STATUSES:
        return Conflict(
            f"the run '{run.id}' is still {run.status}, so what it will have done is not known yet",
            mend=f"Wait for its end, or stop it with `mainspring runs cancel {run.id}`, then replay it.",
        )
    if from_task in tasks:
        return None
    there_are = f"it has {listed(tasks)}" if tasks else "it has none"
    message = f"the run '{run.id}' has no task '{from_task[:200]}'; {there_are}"
    return BadRequest(
        message,
        mend="Name one of its tasks, or leave from_task out to run all of it again.",
        errors=[{"path": "from_task", "message": message}],
    )


def _keep(batch: Batch, old: Run, run: Run, kept: list[TaskOutline]) -> None:
    keys = [task.key for task in kept]
    batch.tx.run("keep_tasks", run_id=old.id, new_run_id=run.id, keys=keys)
    for key in keys:
        batch.record((run.environment_id, run.id), "TASK_KEPT", key, data={"from": old.id})
    batch.flush()
