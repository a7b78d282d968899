"""The spans of a run's timeline: all of them, or those that news are about; and the runs that it started.

Only the columns that a bar needs are read: what tasks were given and came to may be megabytes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from mainspring.clock import Instant
from mainspring.engine.inspect import get_run_row
from mainspring.engine.views import ChildView, Page, Span
from mainspring.model.history import Entry
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction

_Tries = dict[str, list[tuple[Instant, Instant]]]


def run_trace(tx: Transaction, environment_id: str, run_id: str) -> list[Span] | None:
    """Every span, the run first; None when there is no such run."""
    run = get_run_row(tx, environment_id, run_id)
    if run is None:
        return None
    tries = _by_task(tx.rows("tries_of_run", run_id=run_id))
    return [_run_span(run, tries), *_task_spans(run_id, tx.rows("spans_of_run", run_id=run_id), tries)]


def spans_in_news(tx: Transaction, run: Run, entries: Sequence[Entry]) -> list[Span]:
    """The spans that these entries of the run are about, as they stand now."""
    if not entries:
        return []
    keys = sorted({entry.task_key for entry in entries if entry.task_key is not None})
    tries = _by_task(tx.rows("tries_of_tasks", run_id=run.id, keys=["", *keys]))
    rows = tx.rows("spans_by_keys", run_id=run.id, keys=keys) if keys else []
    is_about_run = any(entry.task_key is None for entry in entries)
    return [*([_run_span(run, tries)] if is_about_run else []), *_task_spans(run.id, rows, tries)]


def page_of_children(
    tx: Transaction, environment_id: str, run_id: str, cursor: str | None, limit: int
) -> Page[ChildView] | None:
    """The runs that it started, in the order of their ids; None when there is no such run."""
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    rows = tx.rows("children_of_run", run_id=run_id, after=cursor or "", limit=limit + 1)
    children = [ChildView(*row) for row in rows[:limit]]
    return Page(children, children[-1].id if len(rows) > limit else None)


def _run_span(run: Run, tries: _Tries) -> Span:
    began = run.started_at or run.created_at
    bars = tuple(tries.get("", ()))
    return Span(run.id, None, run.job_id, "run", run.status, began, run.finished_at, run.attempt, bars)


def _task_spans(run_id: str, rows: Iterable[Sequence[Any]], tries: _Tries) -> list[Span]:
    return [
        Span(key, parent or run_id, name, kind, status, began, ended, attempt, tuple(tries.get(key, ())))
        for key, parent, name, kind, status, began, ended, attempt in rows
    ]


def _by_task(rows: Iterable[Sequence[Any]]) -> _Tries:
    found: _Tries = {}
    for key, began, ended in rows:
        found.setdefault(key, []).append((began, ended))
    return found
