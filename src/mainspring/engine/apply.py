"""`apply(tx, now, commands)`: one batch, one transaction, a result or a refusal per command.

Commands that arrived together have no order among them, so they are applied by kind, each kind in bulk; claims
come last and are handed what the same batch made ready. Deterministic: no clock and no randomness of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mainspring.engine.admission import admit
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.approvals import answer_approval, delegate_approval, refused_answer
from mainspring.engine.batch import Batch
from mainspring.engine.blame import end_workers
from mainspring.engine.breakers import change_breaker
from mainspring.engine.bulks import abort_bulk, start_bulk
from mainspring.engine.cancels import cancel_run, replace_runs
from mainspring.engine.children import settle_ended
from mainspring.engine.commands import (
    AbortBulk,
    BackfillSchedule,
    Beat,
    CancelEvent,
    CancelRun,
    ChangeBreaker,
    ChangeQueue,
    Claim,
    Command,
    Commit,
    EnableJob,
    EndWorkers,
    FireTimers,
    Leave,
    LimitEnvironment,
    NoteSilence,
    PauseSchedule,
    RegisterSchedule,
    RegisterWorker,
    RepinRun,
    ReplayRun,
    RescheduleRun,
    ResetKey,
    ResumeRun,
    RunSchedule,
    SendEvents,
    SettleTask,
    StartBulk,
    TriggerRuns,
    UnregisterSchedule,
    UseStore,
)
from mainspring.engine.commits import apply_commits
from mainspring.engine.counts import fold_counts
from mainspring.engine.doubts import settle_task
from mainspring.engine.error_commands import ChangeError
from mainspring.engine.error_groups import change_error, count_failures
from mainspring.engine.events import cancel_event, send_events
from mainspring.engine.jobs import enable_job
from mainspring.engine.queue_changes import change_queue, limit_environment
from mainspring.engine.queues import apply_claims
from mainspring.engine.repins import repin_run
from mainspring.engine.replays import replay_run
from mainspring.engine.runs import resume_run, trigger_many
from mainspring.engine.scheduling import (
    backfill_schedule,
    pause_schedule,
    register_schedules,
    run_schedule,
    unregister_schedule,
)
from mainspring.engine.starts import reschedule_run, reset_key
from mainspring.engine.store import use_store
from mainspring.engine.timers import fire_timers
from mainspring.engine.token_commands import CompleteToken, CreateToken
from mainspring.engine.tokens import complete_token, create_token
from mainspring.engine.worker_commands import DrainWorker
from mainspring.engine.workers import beat, drain, leave, note_silence, register

_Rule = Callable[[Batch, list[Any]], Sequence[Any]]


def _each(rule: Callable[[Batch, Any], Any]) -> _Rule:
    """A rule for one command, applied to each in turn."""
    return lambda batch, commands: [rule(batch, command) for command in commands]


#: The order of the kinds within a batch.
_RULES: dict[type, _Rule] = {
    RegisterWorker: _each(register),
    Beat: _each(beat),  # before the sweep that would take its silence for death
    Leave: _each(leave),
    DrainWorker: _each(drain),
    EndWorkers: _each(end_workers),
    NoteSilence: _each(note_silence),
    Commit: apply_commits,
    TriggerRuns: trigger_many,
    ReplayRun: _each(replay_run),
    StartBulk: _each(start_bulk),
    AbortBulk: _each(abort_bulk),
    SendEvents: send_events,
    ChangeQueue: _each(change_queue),
    LimitEnvironment: _each(limit_environment),
    UseStore: use_store,
    EnableJob: _each(enable_job),
    RegisterSchedule: register_schedules,
    UnregisterSchedule: _each(unregister_schedule),
    PauseSchedule: _each(pause_schedule),
    RunSchedule: _each(run_schedule),
    BackfillSchedule: _each(backfill_schedule),
    CancelEvent: _each(cancel_event),
    ResumeRun: _each(resume_run),
    SettleTask: _each(settle_task),
    RescheduleRun: _each(reschedule_run),
    RepinRun: _each(repin_run),
    ResetKey: _each(reset_key),
    CancelRun: _each(cancel_run),
    ChangeBreaker: _each(change_breaker),
    CreateToken: _each(create_token),
    CompleteToken: _each(complete_token),
    AnswerApproval: _each(answer_approval),
    DelegateApproval: _each(delegate_approval),
    RefusedAnswer: _each(refused_answer),
    FireTimers: _each(fire_timers),
}
_PLACES = {kind: place for place, kind in enumerate(_RULES)}


def apply(batch: Batch, commands: Sequence[Command]) -> list[Any]:
    """Applies every command but claims. Per command: its result, or a `MainspringError` as its refusal."""
    results: list[Any] = [None] * len(commands)
    by_kind: dict[type, list[int]] = {}
    for index, command in enumerate(commands):
        by_kind.setdefault(type(command), []).append(index)
    changes = by_kind.pop(ChangeError, [])
    for kind in sorted(by_kind, key=_PLACES.__getitem__):
        indexes = by_kind.pop(kind)
        batch.keeps_arrivals = kind is TriggerRuns and not by_kind
        found = _RULES[kind](batch, [commands[i] for i in indexes])
        for index, result in zip(indexes, found, strict=True):
            results[index] = result
        replace_runs(batch)
        settle_ended(batch)
        batch.flush()
    admit(batch)
    fold_counts(batch)
    # Last of all: who holds a group of failures waits for nobody who may wait for it.
    count_failures(batch)
    for index in changes:
        results[index] = change_error(batch, commands[index])  # type: ignore[arg-type]  # by its kind
    return results


def apply_open_claims(batch: Batch, claims: Sequence[Claim]) -> list[Any]:
    """Answers the open claims that this batch has something for; None for those that stay open."""
    return list(apply_claims(batch, claims))
