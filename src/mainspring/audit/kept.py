"""What the database keeps of the things that observations are about, read in a few statements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mainspring.audit.rows import EventRow, by_id
from mainspring.storage.database import Transaction

#: So many ids are asked for at once.
_AT_ONCE = 500


class RunOutcome(NamedTuple):
    id: str
    environment_id: str
    job_id: str
    event_id: str | None
    status: str
    lease: int
    output: str | None


class TaskOutcome(NamedTuple):
    run_id: str
    key: str
    status: str
    output: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """By id; by run id and key."""

    events: dict[str, EventRow]
    runs: dict[str, RunOutcome]
    tasks: dict[tuple[str, str], TaskOutcome]
    #: (event id, run id, job id) of runs that events started or joined.
    started: set[tuple[str, str, str]]


def read_kept(tx: Transaction, event_ids: Iterable[str], run_ids: Iterable[str]) -> Kept:
    """The rows of these events and runs."""
    kept = Kept({}, {}, {}, set())
    for ids in _some(event_ids):
        kept.events.update(by_id(EventRow, tx.rows("audit_some_events", ids=ids)))
        kept.started.update(tx.rows("audit_runs_of_events", ids=ids))
    for ids in _some(run_ids):
        kept.runs.update(by_id(RunOutcome, tx.rows("audit_run_outcomes", ids=ids)))
        for task in map(TaskOutcome._make, tx.rows("audit_task_outcomes", run_ids=ids)):
            kept.tasks[task.run_id, task.key] = task
    return kept


def _some(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted({one for one in ids if one})
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]
