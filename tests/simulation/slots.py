"""I8, held against every commit: each slot of a schedule starts one run, never early, and none is passed over."""

import json
from collections.abc import Callable

from mainspring.clock import from_iso
from mainspring.model.runs import Run
from mainspring.model.schedules import Schedule
from mainspring.model.timetables import Timetable
from mainspring.storage.shapes import SCHEDULE
from simulation.tables import Change, Tables

_COLUMNS = ", ".join(SCHEDULE.columns)


class Slots:
    """Of schedules that catch up with all they missed, as those of the simulation do."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        #: By schedule: its slots and the runs that they started.
        self._runs: dict[tuple[str, str], dict[int, str]] = {}

    def committed(self, change: Change, now: int) -> None:
        for before, run in change.runs.values():
            if before is None and run is not None and run.schedule_id is not None:
                self._starts(run, now)
        for schedule in self.schedules():
            self._passes_none_over(schedule)

    def schedules(self) -> list[Schedule]:
        return SCHEDULE.values(self._tables.rows(f"select {_COLUMNS} from schedules"))

    def _starts(self, run: Run, now: int) -> None:
        slot = from_iso(json.loads(run.payload)["timestamp"])
        known = self._runs.setdefault((run.environment_id, run.schedule_id or ""), {})
        self._hold(slot not in known, "I8", "a slot started two runs", run, known.get(slot))
        self._hold(slot <= now, "I9", "a slot that has not come yet", run, now)
        known[slot] = run.id

    def _passes_none_over(self, schedule: Schedule) -> None:
        started = self._runs.get((schedule.environment_id, schedule.id), {})
        every, anchor = schedule.every or 0, schedule.anchor_at
        wanted = range(anchor + every, (schedule.last_at or anchor) + 1, every)
        self._hold(len(wanted) == len(started), "I8", "a slot is forgotten", schedule, sorted(started))
        following = Timetable(every=every, anchor=anchor).after(schedule.last_at or anchor)
        self._hold(schedule.next_at == following, "I8", "the next slot is another", schedule, following)
