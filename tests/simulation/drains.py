"""Workers that an operator drains: none is given a run after that, whatever it knows and asks for."""

from collections.abc import Callable
from typing import Any

from simulation.tables import Change, Tables


class Drains:
    """Held after every commit."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        #: As of the commit before.
        self._drained: set[str] = set()

    def committed(self, change: Change) -> None:
        for run_id, (before, after) in change.runs.items():
            if after is None or after.worker_id not in self._drained:
                continue
            is_its = before is not None and (before.lease, before.worker_id) == (after.lease, after.worker_id)
            self._hold(is_its, "I4", f"a drained worker was given {run_id}", after.worker_id)
        rows: list[Any] = self._tables.rows("select id from workers where drain_at is not null")
        self._drained = {row[0] for row in rows}
