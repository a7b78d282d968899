"""I1 for events and calls that join a run: it carries each of them once, in their order, held against every commit."""

import json
from collections.abc import Callable
from typing import Any

from mainspring.model.joining import gathers, joins_events
from mainspring.model.queues import FREE
from mainspring.model.runs import Run
from simulation.tables import Change, Tables

#: How many events become one run of "ledger".
MOST = 2


class Joined:
    """What the runs carry that several events or calls became."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        #: How often each debounced run was put off.
        self._put_off: dict[str, int] = {}

    def committed(self, change: Change) -> None:
        for run_id, (before, run) in change.runs.items():
            if run is None or run.debounce_key is None or run.replay_of is not None:
                continue
            if not joins_events(run.debounce_key):
                self._call(before, run)
            elif gathers(run.debounce_key):
                self._list(run, self._events_of(run_id))
            else:
                self._last(run, self._events_of(run_id))

    def _events_of(self, run_id: str) -> list[tuple[Any, ...]]:
        joined = self._tables.rows(
            "select j.number, e.id, e.payload from joined_events j left join events e on e.id = j.event_id "
            "where j.run_id = ? order by j.number",
            run_id,
        )
        numbers = [number for number, _, _ in joined]
        self._hold(numbers == list(range(1, len(joined) + 1)), "I1", "numbers", run_id, numbers)
        self._hold(all(event_id is not None for _, event_id, _ in joined), "I1", "no such event", run_id)
        return joined

    def _list(self, run: Run, joined: list[tuple[Any, ...]]) -> None:
        self._hold(0 < len(joined) <= MOST, "I1", "so many events", len(joined), run)
        is_open = run.status == "PENDING" and not run.is_ready and run.slot == FREE and run.lease == 0
        if not is_open:
            carried = [json.loads(payload) for _, _, payload in joined]
            self._hold(json.loads(run.payload) == carried, "I1", "it carries others", run, carried)

    def _last(self, run: Run, joined: list[tuple[Any, ...]]) -> None:
        _, event_id, payload = joined[-1]
        self._hold((run.event_id, run.payload) == (event_id, payload), "I1", "not the last event", run)

    def _call(self, before: Run | None, run: Run) -> None:
        """A call that joins brings its payload, which no other call has."""
        sql = "select count(*) from history where run_id = ? and kind = 'RUN_DEBOUNCED'"
        ((count,),) = self._tables.rows(sql, run.id)
        if before is not None and count > self._put_off.get(run.id, 0):
            self._hold(run.payload != before.payload, "I1", "not what the last call brought", run)
        self._put_off[run.id] = count
