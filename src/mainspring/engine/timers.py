"""What is due: waits, schedules, delayed events and runs, expiries, deadlines, unanswered cancels (I9)."""

from mainspring.engine.admission import admit
from mainspring.engine.approval_timers import look_at_due_approvals
from mainspring.engine.batch import Batch
from mainspring.engine.blame import trial_end
from mainspring.engine.breakers import look_at_breakers
from mainspring.engine.bulks import advance_bulks
from mainspring.engine.commands import FireTimers, TimersFired
from mainspring.engine.events import deliver_due_events
from mainspring.engine.failing import end_unheard
from mainspring.engine.joining import close_gathering, is_gathering
from mainspring.engine.runs import ALONE, earliest, end_run
from mainspring.engine.schedules import fire_schedules
from mainspring.engine.standing import know_queues
from mainspring.engine.tokens import expire_due_tokens
from mainspring.engine.waits import fire_due_waits
from mainspring.model.failures import Failure
from mainspring.model.runs import Run
from mainspring.storage.shapes import RUN


def fire_timers(batch: Batch, command: FireTimers) -> TimersFired:
    """Handles up to `limit` due things of each sort; tells when the next is due."""
    count = fire_due_waits(batch, command.limit)
    count += expire_due_tokens(batch, command.limit)
    count += look_at_due_approvals(batch, command.limit)
    count += deliver_due_events(batch, command.limit)
    count += fire_schedules(batch, command.limit)
    count += advance_bulks(batch)
    batch.looks_for_failures = True
    due = RUN.values(batch.tx.rows("due_runs", now=batch.now, limit=command.limit))
    know_queues(batch, {(run.environment_id, run.queue) for run in due if not run.is_ready})
    for run in due:
        _look_at(batch, run)
    batch.flush()
    count += look_at_breakers(batch, command.limit)
    queues = batch.tx.rows("due_queues", now=batch.now, limit=command.limit)
    for environment_id, name in queues:
        batch.touch(environment_id, name)
    admit(batch)
    return TimersFired(count + len(due) + len(queues), next_timer_at(batch))


def next_timer_at(batch: Batch) -> int | None:
    """When something is due next."""
    names = (
        "next_wait_at",
        "next_event_at",
        "next_schedule_at",
        "next_run_at",
        "next_queue_at",
        "next_bulk_at",
        "next_breaker_at",
        "next_token_at",
        "next_approval_at",
        "next_error_at",
    )
    answers = batch.tx.ask(*((name, {}) for name in names))
    return earliest(*(row[0] for rows in answers for row in rows))


def _look_at(batch: Batch, run: Run) -> None:
    now = batch.now
    leased = (run.environment_id, run.id, run.lease)
    if run.slot:
        batch.touch(run.environment_id, run.queue, run.concurrency_key)
    is_cancelled = run.cancel_requested_at is not None
    if run.deadline_at is not None and run.deadline_at <= now:
        span = (run.max_duration or 0) / 1_000_000
        message = f"it ran longer than its max_duration of {span:g} seconds"
        failure = Failure("TimedOut", message, "max_duration")
        if is_cancelled:
            end_run(batch, leased, "TIMED_OUT", failure=failure, takes_children=True)
        else:
            end_unheard(batch, run, failure)
        if run.worker_id is not None:
            batch.wake.attention.add(run.worker_id)
    elif is_cancelled:
        end_run(batch, leased, "CANCELLED")
    elif run.status == "PENDING" and run.expires_at is not None and run.expires_at <= now:
        message = "it did not start within its ttl"
        end_run(batch, leased, "EXPIRED", failure=Failure("Expired", message, "ttl"))
    elif is_gathering(run) and run.available_at <= now:
        close_gathering(batch, run)
    elif run.status == "PENDING" and not run.is_ready and not run.slot and run.available_at <= now:
        trial = trial_end(batch) if run.lane == ALONE else None
        timer_at = earliest(run.expires_at, run.deadline_at, trial)
        batch.wake.at(trial)
        batch.later("admit_run", {"id": run.id, "timer_at": timer_at})
        batch.wake.ready.add(run.environment_id)
        if (run.environment_id, run.queue) in batch.governed:
            batch.touch(run.environment_id, run.queue, run.concurrency_key)
    elif run.status in ("PENDING", "RUNNING"):
        timer_at = earliest(run.expires_at, run.deadline_at)
        batch.later("end_trial", {"id": run.id, "lease": run.lease, "timer_at": timer_at})
        batch.wake.ready.add(run.environment_id)
