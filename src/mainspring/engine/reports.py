"""What a worker reports of one run, item by item, turned into writes. The lease was checked before (I4).

Items of a report are in the order in which they happened; a task that began and ended within one report is
one row.
"""

from collections.abc import Callable
from typing import Any

from mainspring.codec import clean_text, encode
from mainspring.engine.batch import Batch
from mainspring.engine.blame import release_run
from mainspring.engine.cancels import stop_cancelled
from mainspring.engine.doubts import doubt_wait
from mainspring.engine.failing import is_decided, status_after
from mainspring.engine.opened import OpenReport, keep_whole, task_row
from mainspring.engine.runs import earliest, end_run, tag_run
from mainspring.engine.shown import chunk_data, failure_json, readable, waits_for
from mainspring.engine.waits import NewWait, give_up
from mainspring.model.approvals import ApprovalAsked, Asked
from mainspring.model.breakers import BreakerAsked, BreakerTold
from mainspring.model.effects import EffectBegun, TaskInDoubt, TaskReconciled
from mainspring.model.logs import LogLine
from mainspring.model.protocol import (
    EventsSent,
    LogWritten,
    RunAttemptFailed,
    RunCancelConfirmed,
    RunChanged,
    RunDrifted,
    RunParked,
    RunReleased,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    StreamAppended,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
    WaitCancelled,
    WaitDelivered,
    WaitStarted,
)
from mainspring.model.tasks import Attempt
from mainspring.model.tokens import TokenCreated
from mainspring.model.waits import Wait, channel_of

#: After one of these in a report the worker lets go of the run, whatever the answer.
ENDINGS: frozenset[type] = frozenset(
    (RunSucceeded, RunAttemptFailed, RunDrifted, RunReleased, RunCancelConfirmed)
)
#: What a run showed before it ended may be reported after the end.
_SHOWN: frozenset[type] = frozenset((LogWritten, RunChanged, StreamAppended))

#: The wait of a drifted run has this task key: no task of the user's can.
DRIFT_KEY = "#drift"


def apply_items(batch: Batch, report: OpenReport) -> None:
    """Gathers the writes of a report's items."""
    has_ended = False
    for index, item in enumerate(report.report.items):
        kind = type(item)
        if has_ended and kind not in _SHOWN:
            continue  # a run ends once, and nothing happens in it afterwards
        _RULES[kind](batch, report, index, item)
        has_ended = has_ended or kind in ENDINGS
    if has_ended:
        report.parked = None
    for key in report.unpaused:
        batch.later("delete_wait", {"run_id": report.run.id, "task_key": key})
    if report.run.crashes:
        # Perhaps it no longer stands in the way of another last chance: open claims look again.
        batch.wake.ready.add(report.run.environment_id)
        if report.made_progress:
            batch.later("forgive_run", {"id": report.run.id, "lease": report.run.lease})


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────────
def _task_started(batch: Batch, report: OpenReport, _: int, item: TaskStarted) -> None:
    row = task_row(batch, report, item.task, "RUNNING", item.attempt)
    row["failure"] = row["next_attempt_at"] = None
    batch.record(report.who, "TASK_STARTED", item.task.key, item.attempt)


def _effect_begun(batch: Batch, report: OpenReport, _: int, item: EffectBegun) -> None:
    row = task_row(batch, report, item.task, "RUNNING", item.attempt)
    row["failure"] = row["next_attempt_at"] = None
    batch.record(report.who, "TASK_STARTED", item.task.key, item.attempt, {"effect": "once"})


def _task_reconciled(batch: Batch, report: OpenReport, _: int, item: TaskReconciled) -> None:
    batch.record(report.who, "TASK_RECONCILED", item.task.key, item.attempt, {"done": item.is_done})


def _task_in_doubt(batch: Batch, report: OpenReport, _: int, item: TaskInDoubt) -> None:
    task_row(batch, report, item.task, "WAITING", item.attempt)
    report.unpaused.discard(item.task.key)
    _register(batch, report, doubt_wait(report.who, item, batch.now, batch.limits.max_error_bytes))
    batch.record(report.who, "TASK_IN_DOUBT", item.task.key, item.attempt, {"message": item.message})


def _task_succeeded(batch: Batch, report: OpenReport, _: int, item: TaskSucceeded) -> None:
    if not keep_whole(batch, report, item):
        row = task_row(batch, report, item.task, "SUCCESS", item.attempt, item.duration)
        row["output"], row["position"], row["finished_at"] = item.output, item.position, batch.now
        row["failure"] = row["next_attempt_at"] = None
    if item.is_whole:
        batch.record(report.who, "TASK_STARTED", item.task.key, item.attempt)
    batch.record(report.who, "TASK_COMPLETED", item.task.key, item.attempt)
    report.made_progress = True


def _task_attempt_failed(batch: Batch, report: OpenReport, _: int, item: TaskAttemptFailed) -> None:
    key = item.task.key
    said = readable(item.failure, batch.limits.max_error_bytes)
    failure = failure_json(said)
    began = batch.now - item.duration
    batch.later("add_attempt", Attempt(report.run.id, key, item.attempt, began, batch.now, failure))
    report.made_progress = True
    if item.retry_in is None:
        row = task_row(batch, report, item.task, "FAILED", item.attempt, item.duration)
        row.update(failure=failure, position=item.position, finished_at=batch.now, next_attempt_at=None)
        batch.record(report.who, "TASK_FAILED", key, item.attempt, {"message": said.message})
        return
    next_at = batch.now + item.retry_in
    row = task_row(batch, report, item.task, "RETRYING", item.attempt, item.duration)
    row.update(failure=failure, next_attempt_at=next_at)
    pause = {"message": said.message, "retry_in": item.retry_in / 1_000_000}
    batch.record(report.who, "TASK_RETRIED", key, item.attempt, pause)
    if item.frees_slot:
        report.unpaused.discard(key)
        _register(batch, report, Wait(*_wait_head(report, key), "retry", next_at, None, None, batch.now))


# ── waits ────────────────────────────────────────────────────────────────────────────────────────────
def _wait_head(report: OpenReport, key: str) -> tuple[str, str, str]:
    return (report.run.id, key, report.run.environment_id)


def _register(batch: Batch, report: OpenReport, wait: Wait) -> None:
    batch.later("insert_wait", wait)
    batch.wake.at(wait.due_at)


def _wait_started(batch: Batch, report: OpenReport, _: int, item: WaitStarted) -> None:
    spec = item.wait
    due_at = spec.until
    if due_at is None and spec.delay is not None:
        due_at = batch.now - min(item.age, spec.delay) + spec.delay
    head = _wait_head(report, item.task.key)
    kept = encode(spec.target_run_ids, what="run ids") if spec.kind == "runs" else spec.filter
    wait = Wait(*head, spec.kind, due_at, channel_of(spec), kept, batch.now)
    task_row(batch, report, item.task, "WAITING", 1)
    report.made_progress = True
    _register(batch, report, wait)
    batch.record(report.who, "WAIT_STARTED", item.task.key, data=waits_for(spec, due_at))
    if spec.kind in ("event", "run", "runs", "token", "approval"):
        run = report.run
        targets = (spec.target_run_id or "",) if spec.kind == "run" else spec.target_run_ids
        report.new_waits.append(
            NewWait(wait, spec.event_name, spec.correlation_id, run.heard_from, run.event_id, targets)
        )


def _wait_cancelled(batch: Batch, report: OpenReport, _: int, item: WaitCancelled) -> None:
    run_id = report.run.id
    row = report.tasks.get(item.key)
    if isinstance(row, dict):
        row.update(status="CANCELLED", position=item.position, finished_at=batch.now)
    else:
        batch.later(
            "cancel_task", {"run_id": run_id, "key": item.key, "position": item.position, "now": batch.now}
        )
    give_up(batch, run_id, item.key)
    report.new_waits = [new for new in report.new_waits if new.wait.task_key != item.key]


def _wait_delivered(batch: Batch, report: OpenReport, _: int, item: WaitDelivered) -> None:
    batch.later("deliver_task", {"run_id": report.run.id, "key": item.key, "position": item.position})


# ── answered by other rules ──────────────────────────────────────────────────────────────────────────
def _events_sent(batch: Batch, report: OpenReport, index: int, item: EventsSent) -> None:
    report.sends.append((index, item))
    report.made_progress = True


def _runs_triggered(batch: Batch, report: OpenReport, index: int, item: RunsTriggered) -> None:
    report.triggers.append((index, item))
    report.made_progress = True


def _store_used(batch: Batch, report: OpenReport, index: int, item: StoreUsed) -> None:
    report.store_uses.append((index, item))
    report.made_progress = True


def _asked(_: Batch, report: OpenReport, index: int, item: Asked) -> None:
    report.questions.append((index, item))
    report.made_progress = True


def _breaker_concerned(_: Batch, report: OpenReport, index: int, item: BreakerAsked | BreakerTold) -> None:
    report.breakers.append((index, item))


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────
def _log_written(batch: Batch, report: OpenReport, _: int, item: LogWritten) -> None:
    place = (report.run.id, report.run.lease, item.number, batch.now - item.age)
    message = clean_text(item.message, batch.limits.max_log_line_bytes)
    line = LogLine(*place, item.level, message, item.task_key, item.fields, item.origin)
    batch.later("insert_log", line)
    batch.wake.grown.add(report.run.id)


def _run_changed(batch: Batch, report: OpenReport, _: int, item: RunChanged) -> None:
    shown = {"tags": item.tags, "metadata": item.metadata, "progress": item.progress}
    batch.later("show_run", {"id": report.run.id, "lease": report.run.lease, **shown})
    tag_run(batch, report.run.id, item.tags or "[]")
    batch.wake.grown.add(report.run.id)


def _stream_appended(batch: Batch, report: OpenReport, _: int, item: StreamAppended) -> None:
    place = {"run_id": report.run.id, "stream": item.stream, "number": item.number}
    batch.later(
        "insert_chunk",
        {
            **place,
            "environment_id": report.run.environment_id,
            "at": batch.now,
            "task_key": item.task_key,
            "attempt": item.attempt,
            "data": chunk_data(item.stream, item.chunk),
        },
    )
    if item.number:
        batch.later("save_stream", place)
    batch.wake.grown.add(report.run.id)


# ── endings ──────────────────────────────────────────────────────────────────────────────────────────
def _run_succeeded(batch: Batch, report: OpenReport, _: int, item: RunSucceeded) -> None:
    too_late = report.run.cancel_requested_at is not None  # for its own code, not for what that left at work
    end_run(batch, report.leased, "SUCCESS", output=item.output, takes_children=too_late)


def _run_attempt_failed(batch: Batch, report: OpenReport, _: int, item: RunAttemptFailed) -> None:
    run = report.run
    said = readable(item.failure, batch.limits.max_error_bytes)
    failure = failure_json(said)
    began = batch.now - item.duration
    if not is_decided(said):
        batch.later("add_attempt", Attempt(run.id, "", run.attempt, began, batch.now, failure))
    if run.cancel_requested_at is not None:
        stop_cancelled(batch, report.leased, run.job_id, run.cancel_requested_at, said)
    elif item.retry_in is None or run.attempt >= run.max_attempts:
        end_run(batch, report.leased, status_after(said), failure=said)
    else:
        available_at = batch.now + item.retry_in
        timer_at = earliest(available_at, run.deadline_at)
        batch.later(
            "retry_run",
            {
                "id": run.id,
                "lease": run.lease,
                "failure": failure,
                "available_at": available_at,
                "timer_at": timer_at,
            },
        )
        batch.wake.at(timer_at)
        data = {"message": said.message, "retry_in": item.retry_in / 1_000_000}
        batch.record(report.who, "JOB_RETRIED", attempt=run.attempt, data=data)


def _run_parked(batch: Batch, report: OpenReport, _: int, item: RunParked) -> None:
    report.parked = item
    report.asked_to_park = True


def _run_drifted(batch: Batch, report: OpenReport, _: int, item: RunDrifted) -> None:
    message = clean_text(item.message, batch.limits.max_error_bytes)
    batch.record(report.who, "DRIFT_FOUND", item.task_key, data={"message": message})
    run = report.run
    if run.cancel_requested_at is not None:
        stop_cancelled(batch, report.leased, run.job_id, run.cancel_requested_at, is_told=True)
        return
    text = encode({"message": message, "task_key": item.task_key}, what="difference")
    batch.later("insert_wait", Wait(*_wait_head(report, DRIFT_KEY), "drift", None, None, text, batch.now))
    batch.later("park_run", {"id": report.run.id, "lease": report.run.lease})


def _run_released(batch: Batch, report: OpenReport, _: int, item: RunReleased) -> None:
    run = report.run
    if run.cancel_requested_at is not None:
        stop_cancelled(batch, report.leased, run.job_id, run.cancel_requested_at)
        return
    release_run(batch, report.leased, (run.crashes, run.faults))
    batch.record(report.who, "JOB_RELEASED")


def _run_cancel_confirmed(batch: Batch, report: OpenReport, _: int, item: RunCancelConfirmed) -> None:
    end_run(batch, report.leased, "CANCELLED")


_RULES: dict[type, Callable[[Batch, OpenReport, int, Any], None]] = {
    TaskStarted: _task_started,
    TaskSucceeded: _task_succeeded,
    TaskAttemptFailed: _task_attempt_failed,
    WaitStarted: _wait_started,
    WaitCancelled: _wait_cancelled,
    WaitDelivered: _wait_delivered,
    EventsSent: _events_sent,
    RunsTriggered: _runs_triggered,
    StoreUsed: _store_used,
    LogWritten: _log_written,
    RunChanged: _run_changed,
    StreamAppended: _stream_appended,
    RunSucceeded: _run_succeeded,
    RunAttemptFailed: _run_attempt_failed,
    RunParked: _run_parked,
    RunDrifted: _run_drifted,
    RunReleased: _run_released,
    RunCancelConfirmed: _run_cancel_confirmed,
    EffectBegun: _effect_begun,
    TaskReconciled: _task_reconciled,
    TaskInDoubt: _task_in_doubt,
    **dict.fromkeys((BreakerAsked, BreakerTold), _breaker_concerned),
    **dict.fromkeys((TokenCreated, ApprovalAsked), _asked),
}
