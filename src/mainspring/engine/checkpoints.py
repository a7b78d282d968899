"""Tasks as the worker needs them for replay."""

from mainspring.clock import Instant
from mainspring.engine.batch import Batch
from mainspring.model.protocol import Notice
from mainspring.model.tasks import Checkpoint, Task
from mainspring.storage.shapes import TASK


def checkpoint(task: Task, now: Instant) -> Checkpoint:
    """The checkpoint of a task; its next attempt as a span, because clocks differ."""
    left = None if task.next_attempt_at is None else max(0, task.next_attempt_at - now)
    return Checkpoint(
        key=task.key,
        kind=task.kind,
        status=task.status,
        attempt=task.attempt,
        fingerprint=task.fingerprint,
        output=task.output,
        failure=task.failure,
        position=task.position,
        next_attempt_in=left if task.status in ("RETRYING", "WAITING") else None,
        kept_from=task.kept_from,
    )


def undelivered(batch: Batch, run_ids: list[str]) -> dict[str, tuple[Checkpoint, ...]]:
    """Per run, the resolved waits that have not reached user code."""
    found: dict[str, list[Checkpoint]] = {}
    if run_ids:
        for task in TASK.values(batch.tx.rows("undelivered_tasks", run_ids=run_ids, now=batch.now)):
            found.setdefault(task.run_id, []).append(checkpoint(task, batch.now))
    return {run_id: tuple(checkpoints) for run_id, checkpoints in found.items()}


def notices(batch: Batch, worker_id: str) -> tuple[Notice, ...]:
    """All that the holder has not acknowledged; may repeat what it was told before."""
    rows = batch.tx.rows("noticed_runs", worker_id=worker_id)
    resolved = undelivered(batch, [row[0] for row in rows])
    return tuple(
        Notice(run_id, lease, number, cancelled_at is not None, False, resolved.get(run_id, ()))
        for run_id, lease, number, cancelled_at in rows
    )
