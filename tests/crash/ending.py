"""Where a play came to, without what differs each time (ids, instants), so that two runs of it can be compared."""

import re
from typing import Any

from mainspring.audit.clients import check_finished
from mainspring.audit.counts import check_counts
from mainspring.audit.data import check_database
from mainspring.audit.errors import check_errors
from mainspring.clock import Instant
from mainspring.engine import account, inspect
from mainspring.engine.error_reads import ErrorQuery, list_errors
from mainspring.engine.views import EventQuery, LogQuery, RunQuery, TaskView
from mainspring.model.runs import Run
from mainspring.model.store import StoreScope
from mainspring.storage.database import Database, Transaction

_IDS = re.compile(r"\b(run|evt|wrk|batch|tok|apr)_[0-9A-Z]{26}\b")
#: What nobody can guess is another each time.
_SECRETS = re.compile(r"(/callback|/approvals/\w+/[\w-]+)/[\w-]+")
_INSTANTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
#: Longer than any play.
_ALL = 1_000


def ending(database: Database, environment_id: str, now: Instant) -> dict[str, Any]:
    """Every run, task, event and value, by names that are the same each time."""
    with database.read() as tx:
        page = inspect.list_runs(tx, environment_id, RunQuery(limit=_ALL), now)
        runs = sorted((view.run for view in page.data), key=lambda run: (run.job_id, run.payload))
        found: dict[str, Any] = {}
        for number, run in enumerate(runs):
            found[f"{number} {run.job_id}"] = _run(tx, run)
        events = inspect.list_events(tx, environment_id, EventQuery(limit=_ALL)).data
        found["events"] = sorted(
            _plain((v.event.name, v.event.payload, v.event.correlation_id, sorted(r.job_id for r in v.runs)))
            for v in events
        )
        places: list[tuple[StoreScope, str]] = [("environment", ""), *(("run", run.id) for run in runs)]
        places += sorted({("job", run.job_id) for run in runs})
        found["store"] = sorted(
            _plain((*place, entry.key, entry.value, entry.version))
            for place in places
            for entry in inspect.list_store(tx, environment_id, place, limit=_ALL).data
        )
    return found


def errors(database: Database, environment_id: str, now: Instant) -> list[tuple[str, str | None, str, int]]:
    """The groups of failures, and how many runs each counts. Recordings know of none: some are older than groups."""
    with database.read() as tx:
        groups = list_errors(tx, environment_id, ErrorQuery(limit=_ALL), now).data
    return sorted(
        ((one.group.job_id, one.group.task, one.group.type, one.group.runs) for one in groups), key=str
    )


def uncounted(database: Database, environment_id: str, now: Instant) -> list[str]:
    """Failures that no group counts, and groups that count others: at no time are there any."""
    failed = RunQuery(statuses=("FAILED", "TIMED_OUT"), limit=_ALL)
    with database.read() as tx:
        views = inspect.list_runs(tx, environment_id, failed, now).data
    lost = [f"{view.run.job_id} failed and is not counted" for view in views if view.error_id is None]
    return [*lost, *map(str, check_errors(database))]


def wrongs(database: Database) -> list[str]:
    """What the auditor says against a database in which all is over."""
    return [
        str(one)
        for one in (*check_database(database, grace=0), *check_counts(database), *check_finished(database))
    ]


def _run(tx: Transaction, run: Run) -> dict[str, Any]:
    tasks = account.run_tasks(tx, run.environment_id, run.id) or []
    logs = account.run_logs(tx, run.environment_id, run.id, LogQuery(limit=_ALL))
    chunks = tx.rows(
        "chunks_of_run", environment_id=run.environment_id, run_id=run.id, after=0, head=None, limit=_ALL
    )
    shown = (run.tags, run.metadata, run.progress)
    return {
        "ended": _plain((run.status, run.output, _reason(run.failure), run.attempt)),
        "shown": _plain(shown),
        "ends": sorted(_plain((v.task.key, v.task.kind, v.task.status, v.task.attempt)) for v in tasks),
        "tasks": {view.task.key: _task(view) for view in tasks},
        "history": _once(tx, run),
        # A line that was not kept when its process died is written again, one that was kept may be.
        "logs": sorted({line.message for line in logs.data}) if logs else [],
        "stream": [_plain(row[-1]) for row in chunks],
    }


def _task(view: TaskView) -> str:
    task = view.task
    failed = [(one.number, _reason(one.failure)) for one in view.attempts]
    return _plain(
        (
            task.kind,
            task.parent_key,
            task.status,
            task.attempt,
            _value(task.kind, task.output),
            failed,
            _reason(task.failure),
        )
    )


def _value(kind: str, output: str | None) -> str | None:
    """An instant that was taken once, or a version of the store, is what it is."""
    return None if kind == "value" else output


def _once(tx: Transaction, run: Run) -> list[str]:
    """How everything ended, each end with its line: what came between differs by who died when."""
    ends = ("TASK_COMPLETED", "TASK_FAILED", "WAIT_RESOLVED", "WAIT_TIMED_OUT", "TASK_RETRIED")
    entries = account.run_history(tx, run.environment_id, run.id, 0, _ALL) or []
    told = [
        e
        for e in entries
        if e.kind in ends or (e.task_key is None and e.kind in ("JOB_COMPLETED", "JOB_FAILED"))
    ]
    return sorted(f"{e.kind} {e.task_key} {e.attempt}" for e in told)


def _reason(failure: str | None) -> str | None:
    return None if failure is None else re.sub(r'"traceback":.*', "", failure)


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return _INSTANTS.sub("(instant)", _SECRETS.sub(r"\1/", _IDS.sub(r"\1_", text)))
