"""A schedule: the timetable of one trigger of a job, or one registered at run time; which slots start a run."""

import re
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

from mainspring.clock import MINUTE, Instant, to_iso
from mainspring.duration import MAX_DURATION
from mainspring.errors import InvalidTrigger
from mainspring.model.jobs import CatchUp, JobSpec, Overlap, TriggerSpec
from mainspring.model.timetables import Timetable, check_cron, check_every, check_timezone

ScheduleKind = Literal["cron", "interval"]

#: A slot that is later than this was missed: nobody was there, or the clock jumped. `catch_up` decides about it.
MISSED_AFTER = MINUTE
#: What the keys of slots' runs begin with; no caller may use such a key.
SLOT_KEYS = "schedule:"

_DYNAMIC_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
LONGEST_KEY = 128


@dataclass(slots=True, unsafe_hash=True)
class Schedule:
    """One row of current state. Spans are microseconds."""

    #: The job's id; its second schedule is "id:2". Of one registered at run time: "dynamic_id@key".
    id: str
    environment_id: str
    #: "" while no job has the dynamic schedule as its trigger: it sleeps.
    job_id: str
    cron: str | None
    timezone: str
    every: int | None
    catch_up: CatchUp
    jitter: int | None
    overlap: Overlap
    dynamic_id: str | None
    key: str | None
    #: What the schedule is for, in its registrar's words: a tenant, say.
    external_id: str | None
    #: JSON object.
    metadata: str
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


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    """A schedule to be registered at run time. Spans are microseconds."""

    dynamic_id: str
    key: str
    cron: str | None = None
    timezone: str | None = None
    every: int | None = None
    catch_up: CatchUp = "none"
    jitter: int | None = None
    overlap: Overlap = "allow"
    external_id: str | None = None
    #: JSON object.
    metadata: str = "{}"


def registered_id(dynamic_id: str, key: str) -> str:
    """The id of a schedule registered at run time."""
    return f"{dynamic_id}@{key}"


def schedules_of(environment_id: str, spec: JobSpec, now: Instant) -> list[Schedule]:
    """The schedules that a job's triggers ask for, as they begin."""
    found: list[Schedule] = []
    for trigger in spec.triggers:
        if trigger.kind in ("cron", "interval"):
            schedule_id = spec.id if not found else f"{spec.id}:{len(found) + 1}"
            found.append(_schedule(environment_id, (schedule_id, spec.id), trigger, now))
    return found


def schedule_of_draft(environment_id: str, draft: ScheduleDraft, job_id: str, now: Instant) -> Schedule:
    """A schedule registered at run time, as it begins; asleep while there is no job for it."""
    schedule = _schedule(environment_id, (registered_id(draft.dynamic_id, draft.key), job_id), draft, now)
    schedule = replace(
        schedule,
        dynamic_id=draft.dynamic_id,
        key=draft.key,
        external_id=draft.external_id,
        metadata=draft.metadata,
    )
    return schedule if job_id else put_to_sleep(schedule)


def put_to_sleep(schedule: Schedule) -> Schedule:
    """No job has it as its trigger any more, or yet."""
    refusal = f"no job has the trigger dynamic_schedule('{schedule.dynamic_id}')"
    return replace(schedule, job_id="", next_at=None, refusal=refusal)


def _schedule(
    environment_id: str, ids: tuple[str, str], trigger: TriggerSpec | ScheduleDraft, now: Instant
) -> Schedule:
    timezone = trigger.timezone or "UTC"
    cron = None if trigger.cron is None else check_cron(trigger.cron)
    return Schedule(
        id=ids[0],
        environment_id=environment_id,
        job_id=ids[1],
        cron=cron,
        timezone=timezone,
        every=trigger.every,
        catch_up=trigger.catch_up,
        jitter=trigger.jitter,
        overlap=trigger.overlap,
        dynamic_id=None,
        key=None,
        external_id=None,
        metadata="{}",
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
    if trigger.kind == "dynamic":
        check_dynamic_id(trigger.dynamic or "")
    _check_jitter(trigger.jitter)


def check_draft(draft: ScheduleDraft) -> None:
    """Raises `InvalidTrigger` for a schedule that could not be registered."""
    check_dynamic_id(draft.dynamic_id)
    check_key(draft.key)
    if (draft.cron is None) == (draft.every is None):
        raise InvalidTrigger(
            f"the schedule '{draft.key}' is given both cron and every, or neither",
            mend='Give one: cron="0 9 * * *" or every="5 minutes".',
        )
    if draft.cron is not None:
        check_cron(draft.cron)
        check_timezone(draft.timezone or "UTC")
    elif draft.timezone is not None:
        raise InvalidTrigger(
            f"the schedule '{draft.key}' has an interval and a time zone", mend="Leave timezone out."
        )
    if draft.every is not None:
        check_every(draft.every)
    _check_jitter(draft.jitter)


def _check_jitter(jitter: int | None) -> None:
    if jitter is not None and not 0 <= jitter <= MAX_DURATION:
        raise InvalidTrigger("the jitter of a trigger is no span", mend="Use a duration like '30 seconds'.")


def check_dynamic_id(text: str) -> str:
    """The id of a dynamic schedule; `InvalidTrigger` unless it is made as ids of jobs are."""
    if not isinstance(text, str) or not _DYNAMIC_ID.fullmatch(text):
        raise InvalidTrigger(
            f"{text!r:.140} is no id for a dynamic schedule",
            mend="Use 1 to 128 of a-z, 0-9, '.', '_' and '-', with a letter or digit first.",
        )
    return text


def check_key(text: str) -> str:
    """What one registration goes by; `InvalidTrigger` for anything that could stand in no URL."""
    if (
        not isinstance(text, str)
        or not 1 <= len(text) <= LONGEST_KEY
        or not text.isprintable()
        or "/" in text
    ):
        raise InvalidTrigger(
            f"{text!r:.140} is no key for a schedule",
            mend=f"Use 1 to {LONGEST_KEY} printable characters without a slash.",
        )
    return text


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
    return f"{SLOT_KEYS}{schedule_id}@{to_iso(slot)}"


def spread(schedule: Schedule, slot: Instant) -> int:
    """How long after its slot a run may start, out of `jitter`: the same for a slot whoever works it out."""
    return crc32(slot_key(schedule.id, slot).encode()) * schedule.jitter >> 32 if schedule.jitter else 0
