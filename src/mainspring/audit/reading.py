"""Pages of runs with all that belongs to them: each page one short, consistent view, and never too much at once.

A page is a stretch of run ids. Its rows are read by that stretch and not by the runs that are there, so rows
that belong to no run come up too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from mainspring.audit.findings import Finding
from mainspring.audit.rows import (
    Around,
    Case,
    EventRow,
    RunRow,
    StatusRow,
    TaskRow,
    WaitRow,
    by_id,
)
from mainspring.codec import decode
from mainspring.model.waits import run_channel
from mainspring.storage.database import Database, Transaction

PAGE_RUNS = 500
#: Lines of history in one page; a run with more has a page of its own.
PAGE_LINES = 50_000
_PAYLOADS_AT_ONCE = 50
#: Behind every id there is, in every collation.
_LAST = "zzzzzzzzzzzz"
_RUN_ID = itemgetter(0)
_RUN_CHANNEL = run_channel("")


@dataclass(slots=True)
class Page:
    """Some runs, what they refer to, and the tables in which a run is named that is not there."""

    cases: dict[str, Case]
    around: Around
    #: (table, run id)
    strays: set[tuple[str, str]] = field(default_factory=set)
    #: Waits among them: (run id, task key).
    stray_waits: set[tuple[str, str]] = field(default_factory=set)


def look_at_pages(
    database: Database, look: Callable[[Transaction, Page], list[Finding]]
) -> Iterator[list[Finding]]:
    """What `look` finds in all runs, page by page; it is called within the page's view."""
    after = ""
    while after != _LAST:
        with database.read() as tx:
            runs, until = _stretch(tx, after)
            found = look(tx, _page(tx, runs, after, until))
        yield found
        after = until


def cases_of(tx: Transaction, run_ids: list[str]) -> Page:
    """Some runs alone, in the view of a transaction that may be about to change them."""
    cases: dict[str, Case] = {}
    for row in tx.rows("audit_some_runs", ids=run_ids):
        run = RunRow._make(row)
        cases.update(_page(tx, [run], _just_before(run.id), run.id).cases)
    return Page(cases, _around(tx, cases))


def _just_before(run_id: str) -> str:
    """Sorts before `run_id`; rows of ids that only end differently may come along, and are no case of ours."""
    return run_id[:-1]


def _stretch(tx: Transaction, after: str) -> tuple[list[RunRow], str]:
    """The next runs, as many as fit a page, and where they end."""
    runs = [RunRow._make(row) for row in tx.rows("audit_runs", after=after, limit=PAGE_RUNS)]
    until = runs[-1].id if len(runs) == PAGE_RUNS else _LAST
    weights: dict[str, int] = dict(tx.rows("audit_weights", after=after, until=until))
    lines = 0
    for count, run in enumerate(runs):
        lines += weights.get(run.id, 0)
        if lines > PAGE_LINES and count:
            return runs[:count], runs[count - 1].id
    return runs, until


def _page(tx: Transaction, runs: list[RunRow], after: str, until: str) -> Page:
    page = Page({run.id: Case(run) for run in runs}, Around({}, {}, {}))
    stretch = {"after": after, "until": until}
    for run_id, rows in groupby(tx.rows("audit_tasks", **stretch), _RUN_ID):
        if case := _case(page, "tasks", run_id):
            case.tasks = {task.key: task for task in map(TaskRow._make, rows)}
    for wait in map(WaitRow._make, tx.rows("audit_waits", **stretch)):
        if case := page.cases.get(wait.run_id):
            case.waits[wait.task_key] = wait
        else:
            page.stray_waits.add((wait.run_id, wait.task_key))
    for run_id, rows in groupby(tx.rows("audit_history", **stretch), _RUN_ID):
        if case := _case(page, "history", run_id):
            case.entries = list(rows)
    for run_id, task_key, target in tx.rows("audit_awaited", **stretch):
        if case := page.cases.get(run_id):
            case.awaited.setdefault(task_key, []).append(target)
        else:
            page.stray_waits.add((run_id, task_key))
    for run_id, key in tx.rows("audit_misfits", **stretch):
        if case := page.cases.get(run_id):
            case.misfits.append(key)
    for table, run_id in tx.rows("audit_mentions", **stretch):
        _case(page, table, run_id)
    page.around = _around(tx, page.cases)
    return page


def _case(page: Page, table: str, run_id: str) -> Case | None:
    """The case that a row belongs to; a row without one is noted."""
    case = page.cases.get(run_id)
    if case is None:
        page.strays.add((table, run_id))
    return case


def _around(tx: Transaction, cases: dict[str, Case]) -> Around:
    workers: set[str] = set()
    runs: set[str] = set()
    events: set[str] = set()
    for case in cases.values():
        run = case.run
        if run.worker_id is not None:
            workers.add(run.worker_id)
        if run.parent_run_id is not None:
            runs.add(run.parent_run_id)
        if run.event_id is not None:
            events.add(run.event_id)
        events.update(task.event_id for task in case.tasks.values() if task.event_id is not None)
        runs.update(target for targets in case.awaited.values() for target in targets)
        runs.update(target for wait in case.waits.values() if (target := target_of(wait)))
    return Around(
        by_id(StatusRow, tx.rows("audit_workers", ids=sorted(workers))) if workers else {},
        by_id(StatusRow, tx.rows("audit_statuses", ids=sorted(runs))) if runs else {},
        by_id(EventRow, tx.rows("audit_some_events", ids=sorted(events))) if events else {},
    )


def target_of(wait: WaitRow) -> str | None:
    """The run that a wait for one run waits for."""
    if wait.kind != "run" or wait.channel is None:
        return None
    return wait.channel.removeprefix(_RUN_CHANNEL)


def with_payloads(tx: Transaction, events: list[EventRow]) -> Iterator[tuple[EventRow, Any]]:
    """Events with what they carry, decoded; few at a time, for payloads may be large."""
    for start in range(0, len(events), _PAYLOADS_AT_ONCE):
        some = events[start : start + _PAYLOADS_AT_ONCE]
        payloads = dict(tx.rows("audit_payloads", ids=[event.id for event in some]))
        for event in some:
            yield event, decode(payloads[event.id])
