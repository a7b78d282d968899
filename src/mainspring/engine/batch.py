"""One batch of commands on its way into one transaction: what it knows, what it will write, whom it wakes.

Rules decide over values; writes are gathered and sent statement by statement, each once per batch, so their
number does not grow with the batch.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.clock import Instant
from mainspring.codec import encode
from mainspring.engine.timing import Timing
from mainspring.ids import IdSource
from mainspring.model.history import EntryKind
from mainspring.model.limits import Limits
from mainspring.model.runs import Run
from mainspring.model.wake import Wake
from mainspring.storage.database import Transaction

#: The order in which gathered writes are sent: rows before what refers to them, inserts before deletes.
_ORDER = (
    "insert_event",
    "save_start_rate",
    "forget_key",
    "close_gathering",
    "insert_run",
    "put_off_run",
    "carry_event",
    "insert_joined_event",
    "insert_joined_call",
    "save_task",
    "save_whole_task",
    "add_attempt",
    "insert_wait",
    "insert_awaited_run",
    "insert_batch_run",
    "tag_run",
    "cancel_task",
    "deliver_task",
    "resolve_task",
    "retry_task",
    "call_off_approval",  # which it finds by its wait
    "delete_wait",
    "delete_awaited_run",
    "deliver_event",
    "move_schedule",
    "time_run",
    "mark_version",
    "show_run",
    "forgive_run",
    "note_cancel",
    "keep_gathered",
    "finish_run",
    "park_run",
    "release_run",
    "retry_run",
    "admit_run",
    "end_trial",
    "record_commit",
    "save_store_entry",
    "delete_store_entry",
    "raise_store_floor",
    "insert_store_request",
    "forget_store_requests",
    "insert_log",
    "insert_chunk",
    "save_stream",
    "insert_entry",
)
_PLACES = {statement: place for place, statement in enumerate(_ORDER)}


@dataclass(slots=True, unsafe_hash=True)
class EndedRun:
    """A run that reached a final status in this batch; those who wait for it are told."""

    run_id: str
    environment_id: str
    status: str
    output: str | None
    failure: str | None
    #: It was cancelled, or would have been: what it started ends with it.
    takes_children: bool


class Tally:
    """What a committer keeps between its batches for `counts.py`: which rows are its own, and when it looks for old
    ones next."""

    def __init__(self, part: int = 0) -> None:
        self.part = part
        self.fold_at: Instant = 0


class Batch:
    """The transaction, the instant and the gathered writes of one batch."""

    def __init__(
        self, tx: Transaction, now: Instant, *, ids: IdSource, limits: Limits, timing: Timing
    ) -> None:
        self.tx = tx
        self.now = now
        self.ids = ids
        self.limits = limits
        self.timing = timing
        self.wake = Wake()
        self.tally = Tally()
        #: Whether runs ended in it.
        self.has_ends = False
        #: Which of some runs that ended somebody waits for in this process.
        self.awaited: Callable[[Iterable[str]], list[str]] = _nobody
        self.ended: list[EndedRun] = []
        #: Queues that need admission, by (environment id, name), each with the concurrency keys it concerns.
        self.touched: dict[tuple[str, str], set[str]] = {}
        #: Whether runs that arrive in a governed queue may stay without a row until admission has looked: nothing
        #: else in this batch reads them.
        self.keeps_arrivals = False
        self.arrivals: dict[tuple[str, str], list[Run]] = {}
        #: Queues that this transaction holds, with nobody in their line.
        self.quiet: set[tuple[str, str]] = set()
        #: Queues that are governed, as far as this batch came to know.
        self.governed: set[tuple[str, str]] = set()
        #: Queues that there are, as far as it was asked.
        self.known_queues: set[tuple[str, str]] = set()
        #: Those where several jobs stand, or versions of one, as far as it was said here.
        self.shared: set[tuple[str, str]] = set()
        #: Those whose jobs find a concurrency key in the payload.
        self.keyed: set[tuple[str, str]] = set()
        #: What live workers take, by environment, where it was asked.
        self.served: dict[str, set[str]] = {}
        #: Claims that wait for work; by environment, those that new runs may begin under; and by environment and
        #: worker, the runs that did (see `handed.py`).
        self.claims: Sequence[Any] = ()
        self.takers: dict[str, list[Any]] = {}
        self.handed: dict[tuple[str, str], list[Run]] = {}
        #: Runs whose place another takes: (environment id, run id, id of the other).
        self.replaced: list[tuple[str, str, str]] = []
        #: Runs that end in this batch and are known to have nobody behind them.
        self.unfollowed: set[str] = set()
        #: Runs that failed in this batch, which are counted at its end; and whether older ones are looked for, too.
        self.failed: list[str] = []
        self.looks_for_failures = False
        #: Up to when rates that refuse are used up, by environment, job and key, where this batch holds them.
        self.start_rates: dict[tuple[str, str, str], Instant] = {}
        #: Environments where runs became ready after the claims were answered.
        self.refilled: set[str] = set()
        self._writes: dict[str, list[Any]] = defaultdict(list)

    def later(self, statement: str, row: Any) -> None:
        """Gathers a row for a statement, as `Transaction.run_many` takes it; `flush` sends it."""
        self._writes[statement].append(row)

    def record(
        self,
        run: tuple[str, str],
        kind: EntryKind,
        task_key: str | None = None,
        attempt: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds a line to the account of a run, given as (environment id, run id)."""
        self.wake.grown.add(run[1])
        text = encode(data, what="history") if data else None
        # In the statement's order: of all rows these are the most, two for each task.
        self._writes["insert_entry"].append((run[0], run[1], self.now, kind, task_key, attempt, text))

    def touch(self, environment_id: str, queue: str, key: str | None = None) -> None:
        """A run came to the queue or left its slot there: admission looks at it at the end of the batch."""
        self.touched.setdefault((environment_id, queue), set()).add(key or "")

    def flush(self) -> None:
        """Sends everything gathered so far, so that the next rule reads it."""
        if not self._writes:
            return
        writes, self._writes = self._writes, defaultdict(list)
        with self.tx.together():
            for statement in sorted(writes, key=_PLACES.__getitem__):
                self.tx.run_many(statement, writes[statement])


def _nobody(run_ids: Iterable[str]) -> list[str]:
    return []
