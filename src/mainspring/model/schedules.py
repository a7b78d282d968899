"""A schedule: the timetable of one trigger of a job, and which of its slots start a run."""

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from mainspring.clock import MINUTE, Instant, to_iso
from mainspring.duration import MAX_DURATION
from mainspring.errors import InvalidTrigger
from mainspring.model.jobs import CatchUp, JobSpec, TriggerSpec
from mainspring.model.timetables import Timetable, check_cron, check_every, check_timezone

ScheduleKind = Literal["cron", "interval"]

#: A slot that is later than this was missed: nobody was there, or the clock jumped. `catch_up` decides about it.
MISSED_AFTER = MINUTE


@dataclass(slots=True, unsafe_hash=True)
class Schedule:
    """One row of current state. Spans are microseconds."""

    #: The job's id; its second schedule is "id:2".
    id: str
    environment_id: str
    job_id: str
    cron: str | None
    timezone: str
    every: int | None
    catch_up: CatchUp
    jitter: int | None
    #: What intervals are counted from.
    anchor_at: Instant
    #: The next slot; None while it is paused, and when there are no more.
    next_at: Instant | None
    #: The last slot that came.
    last_at: Instant | None
    #: When `next_at` was worked out: in the future, the clock was set back meanwhile.
    moved_at: Instant
    paused_at: Instant | None
    #: Why the last slot started no run.
    refusal: str | None

    @property
    def timetable(self) -> Timetable:
        return Timetable(self.cron, self.timezone, self.every, self.anchor_at)

    @property
    def kind(self) -> ScheduleKind:
        return "interval" if self.cron is None else "cron"


def schedules_of(environment_id: str, spec: JobSpec, now: Instant) -> list[Schedule]:
    """The schedules that a job's triggers ask for, as they begin."""
    found: list[Schedule] = []
    for trigger in spec.triggers:
        if trigger.kind in ("cron", "interval"):
            schedule_id = spec.id if not found else f"{spec.id}:{len(found) + 1}"
            found.append(_schedule(environment_id, schedule_id, spec.id, trigger, now))
    return found


def _schedule(
    environment_id: str, schedule_id: str, job_id: str, trigger: TriggerSpec, now: Instant
) -> Schedule:
    timezone = trigger.timezone or "UTC"
    cron = None if trigger.cron is None else check_cron(trigger.cron)
    return Schedule(
        id=schedule_id,
        environment_id=environment_id,
        job_id=job_id,
        cron=cron,
        timezone=timezone,
        every=trigger.every,
        catch_up=trigger.catch_up,
        jitter=trigger.jitter,
        anchor_at=now,
        next_at=Timetable(cron, timezone, trigger.every, now).after(now),
        last_at=None,
        moved_at=now,
        paused_at=None,
        refusal=None,
    )


def check_times(trigger: TriggerSpec) -> None:
    """Raises `InvalidTrigger` for a trigger whose slots could not be told."""
    if trigger.kind == "cron":
        check_cron(trigger.cron or "")
        check_timezone(trigger.timezone or "UTC")
    if trigger.kind == "interval":
        check_every(trigger.every or 0)
    if trigger.jitter is not None and not 0 <= trigger.jitter <= MAX_DURATION:
        raise InvalidTrigger("the jitter of a trigger is no span", mend="Use a duration like '30 seconds'.")


def has_same_times(one: Schedule, other: Schedule) -> bool:
    """Whether the slots of one go on in the other."""
    return (one.cron, one.timezone, one.every) == (other.cron, other.timezone, other.every)


def due_slots(schedule: Schedule, now: Instant, limit: int) -> list[Instant]:
    """The slots from `next_at` until now that start a run, the oldest first, no more than `limit` of them.

    Those of the last minute always do; of the ones missed before, all, none, or the last if nothing came since.
    """
    if schedule.next_at is None or schedule.next_at > now:
        return []
    timetable, first = schedule.timetable, schedule.next_at - 1
    if schedule.catch_up != "all":
        first = max(first, now - MISSED_AFTER - 1)
    found: list[Instant] = []
    slot = timetable.after(first)
    while slot is not None and slot <= now and len(found) < limit:
        found.append(slot)
        slot = timetable.after(slot)
    if not found and schedule.catch_up == "last":
        missed = timetable.latest(schedule.next_at - 1, now)
        found = [] if missed is None else [missed]
    return found


def slot_key(schedule_id: str, slot: Instant) -> str:
    """What a slot's run is known by, once and for all: a slot that comes again finds it."""
    return f"schedule:{schedule_id}@{to_iso(slot)}"


def spread(schedule: Schedule, slot: Instant) -> int:
    """How long after its slot a run may start, out of `jitter`: the same for a slot whoever works it out."""
    return crc32(slot_key(schedule.id, slot).encode()) * schedule.jitter >> 32 if schedule.jitter else 0
