"""What a run did: its tasks with their attempts, its logs and its history."""

from mainspring.codec import decode
from mainspring.engine.inspect import get_run_row, wait_views
from mainspring.engine.views import LogQuery, Page, StartView, TaskView
from mainspring.model.history import Entry
from mainspring.model.logs import LOG_LEVELS, LogLine
from mainspring.model.tasks import Attempt, Task
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import ATTEMPT, ENTRY, LOG, TASK, WAIT

#: Starts of one run that are told.
MOST_STARTS = 1_000


def run_tasks(tx: Transaction, environment_id: str, run_id: str) -> list[TaskView] | None:
    """The tasks as they began; None when there is no such run."""
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    return _task_views(tx, run_id, _tasks(tx, run_id), _attempts(tx, run_id))


def page_of_tasks(
    tx: Transaction, environment_id: str, run_id: str, cursor: str | None, limit: int, only: str | None = None
) -> Page[TaskView] | None:
    """The same a page at a time; the cursor is where a task stands: when it began, and its key. `only`: the task of
    this key alone."""
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    began, _, key = (cursor or "-1.").partition(".")
    if only is None:
        rows = tx.rows("page_of_tasks", run_id=run_id, started_at=int(began), key=key, limit=limit + 1)
    else:
        rows = tx.rows("tasks_by_keys", run_id=run_id, keys=[only])
    tasks = TASK.values(rows[:limit])
    keys = [task.key for task in tasks]
    attempts = _by_task(ATTEMPT.values(tx.rows("attempts_of_tasks", run_id=run_id, keys=keys)))
    more = f"{tasks[-1].started_at}.{tasks[-1].key}" if len(rows) > limit else None
    return Page(_task_views(tx, run_id, tasks, attempts), more)


def _task_views(
    tx: Transaction, run_id: str, tasks: list[Task], attempts: dict[str, list[Attempt]]
) -> list[TaskView]:
    kept = WAIT.values(tx.rows("waits_of_runs", run_ids=[run_id]))
    waits = {view.task_key: view for view in wait_views(tx, kept)}
    return [TaskView(task, tuple(attempts.get(task.key, ())), waits.get(task.key)) for task in tasks]


def run_attempts(tx: Transaction, environment_id: str, run_id: str) -> list[Attempt]:
    """The failed attempts of the run's own body."""
    if get_run_row(tx, environment_id, run_id) is None:
        return []
    return _attempts(tx, run_id).get("", [])


def run_starts(tx: Transaction, environment_id: str, run_id: str) -> list[StartView]:
    """When workers were given the run, and with which version of its job; the oldest first."""
    rows = tx.rows("starts_of_run", environment_id=environment_id, run_id=run_id, limit=MOST_STARTS)
    return [
        StartView(at, attempt or 1, decode(data).get("version") if data else None, kind == "JOB_STARTED")
        for at, kind, attempt, data in rows
    ]


def _tasks(tx: Transaction, run_id: str) -> list[Task]:
    return TASK.values(tx.rows("tasks_of_run", run_id=run_id))


def _attempts(tx: Transaction, run_id: str) -> dict[str, list[Attempt]]:
    return _by_task(ATTEMPT.values(tx.rows("attempts_of_run", run_id=run_id)))


def _by_task(attempts: list[Attempt]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.task_key, []).append(attempt)
    return found


def run_logs(tx: Transaction, environment_id: str, run_id: str, query: LogQuery) -> Page[LogLine] | None:
    """Lines in the order they were written. The cursor is always set, so that a reader can follow."""
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    lease, number = (int(part) for part in (query.cursor or "-1.-1").split("."))
    rows = tx.rows(
        "logs_of_run",
        run_id=run_id,
        lease=lease,
        number=number,
        level_rank=LOG_LEVELS.index(query.level) if query.level else None,
        since=query.since,
        text=f"%{_literal(query.text.lower())}%" if query.text else None,
        limit=query.limit,
    )
    lines = LOG.values(rows)
    cursor = f"{lines[-1].lease}.{lines[-1].number}" if lines else query.cursor
    return Page(lines, cursor)


def _literal(text: str) -> str:
    """The text with LIKE's own characters escaped by "!"."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def run_history(
    tx: Transaction, environment_id: str, run_id: str, after: int = 0, limit: int = 1_000
) -> list[Entry] | None:
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    rows = tx.rows("history_of_run", environment_id=environment_id, run_id=run_id, after=after, limit=limit)
    return ENTRY.values(rows)
