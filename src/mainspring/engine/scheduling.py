"""Schedules kept: those written with their jobs and those registered at run time; paused, run by hand, backfilled."""

from dataclasses import replace
from itertools import takewhile

from mainspring.clock import Instant, to_iso
from mainspring.engine.batch import Batch
from mainspring.engine.commands import (
    Backfilled,
    BackfillSchedule,
    PauseSchedule,
    RegisterSchedule,
    RunSchedule,
    TriggerRuns,
    UnregisterSchedule,
)
from mainspring.engine.jobs import spec_from_text
from mainspring.engine.runs import Origin, start_runs
from mainspring.engine.schedules import draft_of_slot, tick
from mainspring.errors import BadRequest, Conflict, LimitExceeded, MainspringError, NotFound
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import Run
from mainspring.model.schedules import (
    Schedule,
    check_draft,
    has_same_times,
    put_to_sleep,
    schedule_of_draft,
    schedules_of,
)
from mainspring.storage.shapes import SCHEDULE


# ── written with jobs ────────────────────────────────────────────────────────────────────────────────
def save_schedules(batch: Batch, environment_id: str, specs: tuple[JobSpec, ...]) -> None:
    """Keeps the schedules of jobs; where the times stay the same they go on, slots that were missed included."""
    wanted = [one for spec in specs for one in schedules_of(environment_id, spec, batch.now)]
    job_ids = [spec.id for spec in specs]
    rows = batch.tx.rows("schedules_of_jobs", environment_id=environment_id, job_ids=job_ids)
    kept = {one.id: one for one in SCHEDULE.values(rows)}
    gone = kept.keys() - {one.id for one in wanted}
    if gone:
        batch.tx.run_many("delete_schedule", [_place(environment_id, one) for one in sorted(gone)])
    _save(batch, wanted, kept)
    for spec in specs:
        _attach(batch, environment_id, spec)


def _save(batch: Batch, wanted: list[Schedule], kept: dict[str, Schedule]) -> list[Schedule]:
    """Writes those that are not kept as they are wanted; all of them as they are now."""
    fresh = [_going_on(one, kept.get(one.id)) for one in wanted]
    changed = [one for one in fresh if one != kept.get(one.id)]
    if changed:
        batch.tx.run_many("save_schedule", sorted(changed, key=_id_of))
    for one in changed:
        batch.wake.at(one.next_at)
    return fresh


def _id_of(schedule: Schedule) -> str:
    return schedule.id


def _going_on(fresh: Schedule, kept: Schedule | None) -> Schedule:
    """What was kept of it stays: its pause, and with the same times its next slot too, unless it slept."""
    if kept is None:
        return fresh
    fresh = replace(fresh, last_at=kept.last_at, paused_at=kept.paused_at)
    is_same = has_same_times(fresh, kept)
    if is_same:
        fresh = replace(fresh, anchor_at=kept.anchor_at)
    if kept.job_id and fresh.job_id:
        fresh = replace(fresh, refusal=kept.refusal)
        if is_same:
            return replace(fresh, next_at=kept.next_at, moved_at=kept.moved_at)
    return replace(fresh, next_at=_next_slot(fresh, fresh.moved_at))


def _next_slot(schedule: Schedule, now: Instant) -> Instant | None:
    is_quiet = schedule.paused_at is not None or not schedule.job_id
    return None if is_quiet else schedule.timetable.after(now)


def _attach(batch: Batch, environment_id: str, spec: JobSpec) -> None:
    """Schedules registered at run time come to the job that has them as its trigger now, or fall asleep."""
    dynamic_ids = [trigger.dynamic for trigger in spec.triggers if trigger.dynamic is not None]
    place = {"environment_id": environment_id, "job_id": spec.id}
    changed: list[Schedule] = []
    for dynamic_id in dynamic_ids:
        rows = batch.tx.rows("schedules_to_attach", **place, dynamic_id=dynamic_id)
        for kept in SCHEDULE.values(rows):
            ours = replace(kept, job_id=spec.id)
            if not kept.job_id:
                next_at = _next_slot(ours, batch.now)
                ours = replace(ours, refusal=None, moved_at=batch.now, next_at=next_at)
            changed.append(ours)
    rows = batch.tx.rows("schedules_to_detach", **place, dynamic_ids=dynamic_ids)
    changed += [put_to_sleep(kept) for kept in SCHEDULE.values(rows)]
    if changed:
        batch.tx.run_many("save_schedule", changed)
    for one in changed:
        batch.wake.at(one.next_at)


# ── registered at run time ───────────────────────────────────────────────────────────────────────────
def register_schedules(batch: Batch, commands: list[RegisterSchedule]) -> list[Schedule | MainspringError]:
    """Each is made, or changed to what is asked for now."""
    answers: list[Schedule | MainspringError] = []
    jobs: dict[str, dict[str, str]] = {}
    for command in commands:
        environment_id, draft = command.environment_id, command.schedule
        try:
            check_draft(draft)
        except MainspringError as error:
            answers.append(error)
            continue
        if environment_id not in jobs:
            jobs[environment_id] = _jobs_by_dynamic_id(batch, environment_id)
        job_id = jobs[environment_id].get(draft.dynamic_id, "")
        wanted = schedule_of_draft(environment_id, draft, job_id, batch.now)
        kept = _find_to_change(batch, environment_id, wanted.id)
        answers += _save(batch, [wanted], {} if kept is None else {kept.id: kept})
    return answers


def _jobs_by_dynamic_id(batch: Batch, environment_id: str) -> dict[str, str]:
    found = {}
    for job_id, text, *_ in batch.tx.rows("list_jobs", environment_id=environment_id):
        for trigger in spec_from_text(text).triggers:
            if trigger.dynamic is not None:
                found[trigger.dynamic] = job_id
    return found


def unregister_schedule(batch: Batch, command: UnregisterSchedule) -> bool | MainspringError:
    """Its runs stay as they are; whether there was one."""
    schedule = _find_to_change(batch, command.environment_id, command.schedule_id)
    if schedule is None:
        return False
    if schedule.dynamic_id is None:
        return Conflict(
            f"the schedule '{schedule.id}' is a trigger of the job '{schedule.job_id}'",
            mend="Take the trigger from the job's code, or pause the schedule.",
        )
    batch.tx.run("delete_schedule", **_place(command.environment_id, schedule.id))
    return True


# ── paused, run by hand ──────────────────────────────────────────────────────────────────────────────
def no_such_schedule(schedule_id: str) -> NotFound:
    return NotFound(
        f"there is no schedule {schedule_id[:160]!r} in this environment",
        mend="`mainspring schedules` lists them.",
    )


def _place(environment_id: str, schedule_id: str) -> dict[str, str]:
    return {"environment_id": environment_id, "id": schedule_id}


def _find_to_change(batch: Batch, environment_id: str, schedule_id: str) -> Schedule | None:
    row = batch.tx.row("find_schedule_to_change", **_place(environment_id, schedule_id))
    return SCHEDULE.value(row) if row else None


def _find_with_job(batch: Batch, environment_id: str, schedule_id: str) -> Schedule | MainspringError:
    """The schedule, of which runs can be started."""
    row = batch.tx.row("find_schedule", **_place(environment_id, schedule_id))
    if row is None:
        return no_such_schedule(schedule_id)
    schedule = SCHEDULE.value(row)
    if not schedule.job_id:
        return Conflict(
            f"the schedule '{schedule.id}' sleeps: {schedule.refusal}", mend="Give a job that trigger."
        )
    return schedule


def pause_schedule(batch: Batch, command: PauseSchedule) -> Schedule | MainspringError:
    """Takes the schedule's next slot away, or gives it the next one from now."""
    schedule = _find_to_change(batch, command.environment_id, command.schedule_id)
    if schedule is None:
        return no_such_schedule(command.schedule_id)
    if (schedule.paused_at is not None) == command.paused:
        return schedule
    schedule = replace(schedule, paused_at=batch.now if command.paused else None, moved_at=batch.now)
    schedule = replace(schedule, next_at=_next_slot(schedule, batch.now))
    batch.tx.run(
        "pause_schedule",
        **_place(command.environment_id, schedule.id),
        paused_at=schedule.paused_at,
        next_at=schedule.next_at,
        now=batch.now,
    )
    batch.wake.at(schedule.next_at)
    return schedule


def run_schedule(batch: Batch, command: RunSchedule) -> Run | MainspringError:
    """A run with a tick of this moment; slots, pause and overlap stay as they are."""
    schedule = _find_with_job(batch, command.environment_id, command.schedule_id)
    if isinstance(schedule, MainspringError):
        return schedule
    draft = RunDraft(
        command.new_run_id,
        schedule.job_id,
        tick(schedule, batch.now, schedule.last_at),
        idempotency_key=command.idempotency_key,
    )
    (started,) = start_runs(
        batch, [(TriggerRuns(command.environment_id, (draft,)), Origin(schedule_id=schedule.id))]
    )
    return started if isinstance(started, MainspringError) else started[0]


# ── backfilled ───────────────────────────────────────────────────────────────────────────────────────
def backfill_schedule(batch: Batch, command: BackfillSchedule) -> tuple[Backfilled, ...] | MainspringError:
    """A run for every slot of a past range that has none, all or none of them."""
    schedule = _find_with_job(batch, command.environment_id, command.schedule_id)
    if isinstance(schedule, MainspringError):
        return schedule
    slots = _slots_between(batch, schedule, command.since, command.until)
    if isinstance(slots, MainspringError):
        return slots
    drafts = tuple(draft_of_slot(batch, schedule, number, slots) for number in range(len(slots)))
    (started,) = start_runs(
        batch, [(TriggerRuns(command.environment_id, drafts), Origin(schedule_id=schedule.id))]
    )
    if isinstance(started, MainspringError):
        return started
    return tuple(
        Backfilled(slot, run.id, is_new=run.id == draft.run_id)
        for slot, run, draft in zip(slots, started, drafts, strict=True)
    )


def _slots_between(
    batch: Batch, schedule: Schedule, since: Instant, until: Instant
) -> list[Instant] | MainspringError:
    """Both ends included."""
    if until > batch.now or since > until:
        what = "ends in the future" if until > batch.now else "ends before it begins"
        return BadRequest(
            f"the range from {to_iso(since)} to {to_iso(until)} {what}",
            mend="Give a range of the past, `since` before `until`.",
        )
    limit = batch.limits.max_runs_per_batch
    slots: list[Instant] = []
    for slot in takewhile(lambda slot: slot <= until, schedule.timetable.slots(since - 1)):
        if len(slots) == limit:
            return LimitExceeded(
                f"'{schedule.id}' has more than {limit} slots from {to_iso(since)} to {to_iso(until)}; "
                f"at once it may be {limit} (max_runs_per_batch)",
                mend=f"Ask up to {to_iso(slots[-1])}, then for the rest, or raise that setting.",
                limit=limit,
                setting="max_runs_per_batch",
            )
        slots.append(slot)
    return slots
