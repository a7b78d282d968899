"""Schedules: fired once per slot whatever the number of servers (I8). `scheduling.py` keeps them.

A slot's run carries the slot as its idempotency key, so that one which comes again (a clock set back, a timetable
changed there and back) finds its run. Of several servers one holds a schedule's row while it moves it on.
"""

from dataclasses import replace

from mainspring.clock import MINUTE, Instant, to_iso
from mainspring.codec import decode, encode
from mainspring.engine.batch import Batch
from mainspring.engine.cancels import cancel_run
from mainspring.engine.commands import CancelRun, TriggerRuns
from mainspring.engine.runs import Origin, start_runs
from mainspring.engine.singletons import key_of_schedule
from mainspring.errors import MainspringError
from mainspring.model.protocol import RunDraft
from mainspring.model.schedules import Schedule, due_slots, slot_key, spread
from mainspring.model.timetables import upcoming
from mainspring.storage.shapes import SCHEDULE

#: Of one schedule so many slots are caught up with at once; the others follow in the next batch.
SLOTS_AT_ONCE = 100
#: Servers' clocks may differ; a schedule moved on later than this from now was moved by a clock since set back.
CLOCKS_DIFFER = MINUTE

#: A schedule and the slots of it that have come.
Due = tuple[Schedule, list[Instant]]
#: Environment and id of a schedule.
Place = tuple[str, str]


def fire_schedules(batch: Batch, limit: int) -> int:
    """Starts the runs of slots that are due. Returns how many schedules were moved on."""
    now = batch.now
    due_rows, ahead_rows = batch.tx.ask(
        ("due_schedules", {"now": now, "limit": limit}),
        ("schedules_ahead", {"now": now, "ahead": now + CLOCKS_DIFFER, "limit": limit}),
    )
    due, ahead = SCHEDULE.values(due_rows), SCHEDULE.values(ahead_rows)
    slots = [due_slots(schedule, now, SLOTS_AT_ONCE) for schedule in due]
    refusals = _fire(batch, list(zip(due, slots, strict=True)))
    for schedule, taken in zip(due, slots, strict=True):
        begin = taken[-1] if len(taken) == SLOTS_AT_ONCE else now
        moved = replace(schedule, next_at=schedule.timetable.after(begin), moved_at=now)
        if taken:
            moved = replace(moved, last_at=taken[-1], refusal=refusals.get(_place(schedule)))
        batch.later("move_schedule", moved)
    for schedule in ahead:
        next_at = schedule.timetable.after(now)
        batch.later("move_schedule", replace(schedule, next_at=next_at, moved_at=now))
    batch.flush()
    return len(due) + len(ahead)


def _place(schedule: Schedule) -> Place:
    return (schedule.environment_id, schedule.id)


def _fire(batch: Batch, due: list[Due]) -> dict[Place, str]:
    """Starts a run per slot, as far as the rules on overlap let them. Tells why the last one was refused."""
    open_runs = _open_runs(batch, due)
    refusals: dict[Place, str] = {}
    starting: list[Due] = []
    for schedule, slots in due:
        held = open_runs.get(_place(schedule))
        allowed = slots
        if schedule.overlap == "skip" and (held or len(slots) > 1):
            allowed = [] if held else slots[:1]
            which = f"run {held[-1]}" if held else f"the run of {to_iso(slots[0])}"
            refusals[_place(schedule)] = f"{which} was still under way (overlap: skip)"
        starting.append((schedule, allowed))
    for schedule, refusal, runs in _start(batch, starting):
        if refusal is not None:
            refusals[_place(schedule)] = refusal
        if schedule.overlap == "cancel" and runs:
            for run_id in dict.fromkeys([*open_runs.get(_place(schedule), ()), *runs[:-1]]):
                cancel_run(
                    batch, CancelRun(schedule.environment_id, run_id, "the next slot of its schedule came")
                )
    return refusals


def _open_runs(batch: Batch, due: list[Due]) -> dict[Place, list[str]]:
    """Of schedules that care: their runs that have not ended, the oldest first."""
    careful = [schedule.id for schedule, slots in due if slots and schedule.overlap in ("skip", "cancel")]
    found: dict[Place, list[str]] = {}
    if careful:
        for environment_id, schedule_id, run_id in sorted(
            batch.tx.rows("open_runs_of_schedules", ids=careful)
        ):
            found.setdefault((environment_id, schedule_id), []).append(run_id)
    return found


def _start(batch: Batch, due: list[Due]) -> list[tuple[Schedule, str | None, list[str]]]:
    """A run per slot. Of each schedule: why its last slot was refused, if it was, and the runs that are new."""
    fired = [(schedule, number, slots) for schedule, slots in due for number in range(len(slots))]
    drafts = [draft_of_slot(batch, *one) for one in fired]
    for (schedule, *_), draft in zip(fired, drafts, strict=True):
        draft.singleton_key = key_of_schedule(schedule.id) if schedule.overlap == "queue" else None
    calls = [
        (TriggerRuns(schedule.environment_id, (draft,)), Origin(schedule_id=schedule.id))
        for (schedule, *_), draft in zip(fired, drafts, strict=True)
    ]
    answers = iter(zip(drafts, start_runs(batch, calls), strict=True))
    started: list[tuple[Schedule, str | None, list[str]]] = []
    for schedule, slots in due:
        refusal, runs = None, []
        for _ in slots:
            draft, answer = next(answers)
            refusal = answer.message if isinstance(answer, MainspringError) else None
            if not isinstance(answer, MainspringError) and answer[0].id == draft.run_id:
                runs.append(draft.run_id)
        started.append((schedule, refusal, runs))
    return started


def draft_of_slot(batch: Batch, schedule: Schedule, number: int, slots: list[Instant]) -> RunDraft:
    """The run of one of a schedule's slots; the one before it is in its payload."""
    slot = slots[number]
    last = slots[number - 1] if number else schedule.last_at
    if last is not None and last >= slot:  # it is made up for, or comes again
        last = None
    return RunDraft(
        batch.ids.new("run"),
        schedule.job_id,
        tick(schedule, slot, last),
        idempotency_key=slot_key(schedule.id, slot),
        delay=max(0, slot + spread(schedule, slot) - batch.now) or None,
    )


def tick(schedule: Schedule, slot: Instant, last: Instant | None) -> str:
    """The payload of a scheduled run."""
    said = {
        "timestamp": to_iso(slot),
        "last_timestamp": None if last is None else to_iso(last),
        "timezone": schedule.timezone,
        "schedule_id": schedule.id,
        "external_id": schedule.external_id,
        "upcoming": [to_iso(later) for later in upcoming(schedule.timetable, slot)],
        "key": schedule.key,
        "metadata": decode(schedule.metadata),
    }
    return encode(said, what="tick")
