"""Singletons, held against every commit: of the runs with one key one leads, and nobody waits behind nobody."""

from collections.abc import Callable

from mainspring.model.queues import BEHIND
from mainspring.model.runs import FINAL_RUN_STATUSES, Run
from simulation.tables import Change, Tables

#: Environment, job and singleton key.
Line = tuple[str, str, str]


class Singles:
    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        self._alive: dict[Line, dict[str, Run]] = {}
        #: By line, the last run that took the lead: those behind it follow in the order of their ids.
        self._led: dict[Line, str] = {}
        #: Runs that have stood behind one. Who leads from its beginning is chosen by order of starts, and ids are no
        #: measure of that where a clock goes back.
        self._stood: set[str] = set()

    def committed(self, change: Change) -> None:
        touched = set()
        for _, run in change.runs.values():
            if run is None or run.singleton_key is None:
                continue
            line = (run.environment_id, run.job_id, run.singleton_key)
            touched.add(line)
            alive = self._alive.setdefault(line, {})
            alive[run.id] = run
            if run.status in FINAL_RUN_STATUSES:
                del alive[run.id]
        for line in sorted(touched):
            self._line(line)

    def _line(self, line: Line) -> None:
        alive = self._alive[line].values()
        leading = [run for run in alive if run.slot != BEHIND]
        behind = [run for run in alive if run.slot == BEHIND]
        self._hold(len(leading) <= 1, "I6", "two of a kind are alive", line, leading)
        self._hold(bool(leading) or not behind, "I5", "they wait behind nobody", line, behind)
        self._stood |= {run.id for run in behind}
        for run in behind:
            self._hold(run.started_at is None and run.status == "PENDING", "I6", "it began", run)
        if leading and leading[0].id != self._led.get(line):
            self._led[line] = leading[0].id
            first = min((run.id for run in behind), default="~")
            is_next = leading[0].id not in self._stood or leading[0].id < first
            self._hold(is_next, "I6", "one that came later went first", line, leading, behind)
