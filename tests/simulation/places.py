"""I6, held against every commit: no queue and no key of one has more leases than its limit, and no slot lies idle."""

from collections import Counter
from collections.abc import Callable

from mainspring.model.queues import HELD, TAKEN, UNSERVED, Queue
from mainspring.model.runs import Run
from mainspring.storage.shapes import QUEUE
from simulation.tables import Change, Tables

_COLUMNS = ", ".join(QUEUE.columns)
Place = tuple[str, str]


class Places:
    """Who has the slots of the queues with limits."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        #: Leases by queue and by key of a queue, as of the commit before.
        self._leases: Counter[tuple[str, ...]] = Counter()

    def committed(self, change: Change) -> None:
        for _, run in change.runs.values():
            if run is not None:
                self._stands(run)
        touched = {(run.environment_id, run.queue) for _, run in change.runs.values() if run is not None}
        for queue in QUEUE.values(self._tables.rows(f"select {_COLUMNS} from queues")):
            if queue.governed_at is not None:
                self._look(queue, queue.place in touched)

    def _stands(self, run: Run) -> None:
        is_taken = run.status == "RUNNING" or (run.status == "PENDING" and run.is_ready)
        self._hold(run.slot < TAKEN or is_taken, "I6", "it keeps a slot for nothing", run)
        is_held = run.slot in (HELD, UNSERVED)
        self._hold(
            not is_held or (run.status == "PENDING" and not run.is_ready), "I6", "held, yet it goes on", run
        )

    def _look(self, queue: Queue, is_touched: bool) -> None:
        mine = [run for run in self._tables.runs.values() if (run.environment_id, run.queue) == queue.place]
        leases = Counter([queue.place] * sum(run.status == "RUNNING" for run in mine))
        leases += Counter(
            (*queue.place, run.concurrency_key or "") for run in mine if run.status == "RUNNING"
        )
        limits = queue.limits
        for place, count in leases.items():
            limit = limits.concurrency if len(place) == 2 else limits.per_key
            if limit is not None and count > limit:  # it was lowered, and what runs goes on
                self._hold(count <= self._leases[place], "I6", f"{count} leases, limit {limit}", place, queue)
        for place in [one for one in self._leases if one[:2] == queue.place]:
            del self._leases[place]
        self._leases += leases
        if is_touched and queue.paused_at is None and queue.timer_at is None:
            self._is_not_idle(queue, mine)

    def _is_not_idle(self, queue: Queue, mine: list[Run]) -> None:
        taken = Counter(run.concurrency_key or "" for run in mine if run.slot >= TAKEN)
        limits = queue.limits
        if limits.concurrency is not None and taken.total() >= limits.concurrency:
            return
        idle = [
            run
            for run in mine
            if run.slot == HELD
            and (limits.per_key is None or taken[run.concurrency_key or ""] < limits.per_key)
        ]
        self._hold(not idle or limits.concurrency is None, "I5", "a slot lies idle", queue, idle)
