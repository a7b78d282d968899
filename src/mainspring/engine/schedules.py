"""Schedules: kept with their jobs, fired once per slot whatever the number of servers, paused, run by hand (I8).

A slot's run carries the slot as its idempotency key, so that one which comes again (a clock set back, a timetable
changed there and back) finds its run. Of several servers one holds a schedule's row while it moves it on.
"""

from dataclasses import replace

from mainspring.clock import MINUTE, Instant, to_iso
from mainspring.codec import encode
from mainspring.engine.batch import Batch
from mainspring.engine.commands import PauseSchedule, RunSchedule, TriggerRuns
from mainspring.engine.runs import OUTSIDE, start_runs
from mainspring.errors import MainspringError, NotFound
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import Run
from mainspring.model.schedules import Schedule, due_slots, has_same_times, schedules_of, slot_key, spread
from mainspring.model.timetables import upcoming
from mainspring.storage.shapes import SCHEDULE

#: Of one schedule so many slots are caught up with at once; the others follow in the next batch.
SLOTS_AT_ONCE = 100
#: Servers' clocks may differ; a schedule moved on later than this from now was moved by a clock since set back.
CLOCKS_DIFFER = MINUTE


# ── registered ───────────────────────────────────────────────────────────────────────────────────────
def save_schedules(batch: Batch, environment_id: str, specs: tuple[JobSpec, ...]) -> None:
    """Keeps the schedules of jobs; where the times stay the same they go on, slots that were missed included."""
    wanted = [one for spec in specs for one in schedules_of(environment_id, spec, batch.now)]
    kept = _kept(batch, environment_id, specs)
    changed = [
        fresh for fresh in (_going_on(one, kept.get(one.id)) for one in wanted) if fresh != kept.get(fresh.id)
    ]
    gone = kept.keys() - {one.id for one in wanted}
    if gone:
        rows = [{"environment_id": environment_id, "id": schedule_id} for schedule_id in sorted(gone)]
        batch.tx.run_many("delete_schedule", rows)
    if changed:
        batch.tx.run_many("save_schedule", sorted(changed, key=lambda one: one.id))
    for one in changed:
        batch.wake.at(one.next_at)


def _kept(batch: Batch, environment_id: str, specs: tuple[JobSpec, ...]) -> dict[str, Schedule]:
    job_ids = [spec.id for spec in specs]
    rows = batch.tx.rows("schedules_of_jobs", environment_id=environment_id, job_ids=job_ids)
    return {one.id: one for one in SCHEDULE.values(rows)}


def _going_on(fresh: Schedule, kept: Schedule | None) -> Schedule:
    if kept is None:
        return fresh
    if has_same_times(fresh, kept):
        return replace(kept, catch_up=fresh.catch_up, jitter=fresh.jitter)
    next_at = None if kept.paused_at is not None else fresh.next_at
    return replace(
        fresh, next_at=next_at, last_at=kept.last_at, paused_at=kept.paused_at, refusal=kept.refusal
    )


# ── fired ────────────────────────────────────────────────────────────────────────────────────────────
def fire_schedules(batch: Batch, limit: int) -> int:
    """Starts the runs of slots that are due. Returns how many schedules were moved on."""
    now = batch.now
    due_rows, ahead_rows = batch.tx.ask(
        ("due_schedules", {"now": now, "limit": limit}),
        ("schedules_ahead", {"now": now, "ahead": now + CLOCKS_DIFFER, "limit": limit}),
    )
    due, ahead = SCHEDULE.values(due_rows), SCHEDULE.values(ahead_rows)
    slots = [due_slots(schedule, now, SLOTS_AT_ONCE) for schedule in due]
    refusals = _start(batch, list(zip(due, slots, strict=True)))
    for schedule, taken in zip(due, slots, strict=True):
        begin = taken[-1] if len(taken) == SLOTS_AT_ONCE else now
        moved = replace(schedule, next_at=schedule.timetable.after(begin), moved_at=now)
        if taken:
            moved = replace(
                moved, last_at=taken[-1], refusal=refusals.get((schedule.environment_id, schedule.id))
            )
        batch.later("move_schedule", moved)
    for schedule in ahead:
        next_at = schedule.timetable.after(now)
        batch.later("move_schedule", replace(schedule, next_at=next_at, moved_at=now))
    batch.flush()
    return len(due) + len(ahead)


def _start(batch: Batch, due: list[tuple[Schedule, list[Instant]]]) -> dict[tuple[str, str], str]:
    """Starts a run per slot; tells, by environment and schedule, why the last one was refused."""
    fired = [(schedule, number, slots) for schedule, slots in due for number in range(len(slots))]
    if not fired:
        return {}
    drafts = [_draft_of_slot(batch, *one) for one in fired]
    calls = [
        (TriggerRuns(schedule.environment_id, (draft,)), OUTSIDE)
        for (schedule, *_), draft in zip(fired, drafts, strict=True)
    ]
    refusals: dict[tuple[str, str], str] = {}
    for (schedule, *_), answer in zip(fired, start_runs(batch, calls), strict=True):
        place = (schedule.environment_id, schedule.id)
        refusals.pop(place, None)
        if isinstance(answer, MainspringError):
            refusals[place] = answer.message
    return refusals


def _draft_of_slot(batch: Batch, schedule: Schedule, number: int, slots: list[Instant]) -> RunDraft:
    slot = slots[number]
    last = slots[number - 1] if number else schedule.last_at
    return RunDraft(
        batch.ids.new("run"),
        schedule.job_id,
        _tick(schedule, slot, last),
        idempotency_key=slot_key(schedule.id, slot),
        delay=max(0, slot + spread(schedule, slot) - batch.now) or None,
    )


def _tick(schedule: Schedule, slot: Instant, last: Instant | None) -> str:
    """The payload of a scheduled run."""
    tick = {
        "timestamp": to_iso(slot),
        "last_timestamp": None if last is None else to_iso(last),
        "timezone": schedule.timezone,
        "schedule_id": schedule.id,
        "external_id": None,
        "upcoming": [to_iso(later) for later in upcoming(schedule.timetable, slot)],
    }
    return encode(tick, what="tick")


# ── paused, run by hand ──────────────────────────────────────────────────────────────────────────────
def no_such_schedule(schedule_id: str) -> NotFound:
    return NotFound(
        f"there is no schedule {schedule_id[:160]!r} in this environment",
        mend="`mainspring schedules` lists them.",
    )


def pause_schedule(batch: Batch, command: PauseSchedule) -> Schedule | MainspringError:
    """Takes the schedule's next slot away, or gives it the next one from now."""
    place = {"environment_id": command.environment_id, "id": command.schedule_id}
    row = batch.tx.row("find_schedule_to_change", **place)
    if row is None:
        return no_such_schedule(command.schedule_id)
    schedule = SCHEDULE.value(row)
    if (schedule.paused_at is not None) == command.paused:
        return schedule
    paused_at = batch.now if command.paused else None
    next_at = None if command.paused else schedule.timetable.after(batch.now)
    batch.tx.run("pause_schedule", **place, paused_at=paused_at, next_at=next_at, now=batch.now)
    batch.wake.at(next_at)
    return replace(schedule, paused_at=paused_at, next_at=next_at, moved_at=batch.now)


def run_schedule(batch: Batch, command: RunSchedule) -> Run | MainspringError:
    """A run with a tick of this moment; slots and pause stay as they are."""
    row = batch.tx.row("find_schedule", environment_id=command.environment_id, id=command.schedule_id)
    if row is None:
        return no_such_schedule(command.schedule_id)
    schedule = SCHEDULE.value(row)
    draft = RunDraft(
        command.new_run_id,
        schedule.job_id,
        _tick(schedule, batch.now, schedule.last_at),
        idempotency_key=command.idempotency_key,
    )
    (started,) = start_runs(batch, [(TriggerRuns(command.environment_id, (draft,)), OUTSIDE)])
    return started if isinstance(started, MainspringError) else started[0]
