"""What a worker would be given of runs, without giving it to anyone: for checks of code against them."""

from mainspring.engine.inspect import get_run_row
from mainspring.engine.lists import cursor_of, newest_runs
from mainspring.engine.shown import event_json
from mainspring.engine.views import HandoutView, Page, RunQuery
from mainspring.model.runs import Run
from mainspring.model.tasks import Task
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import EVENT, TASK

#: Runs that are read together, and characters after which a page ends.
_PORTION = 50
_MOST_CHARACTERS = 8 << 20


def get_handout(tx: Transaction, environment_id: str, run_id: str) -> HandoutView | None:
    """Of one run, open or ended; None when there is none of that id."""
    run = get_run_row(tx, environment_id, run_id)
    return None if run is None else _handouts(tx, environment_id, [run])[0]


def list_handouts(tx: Transaction, environment_id: str, query: RunQuery) -> Page[HandoutView]:
    """A page of them, the newest first; it may hold fewer than `limit` though there is a next one: of runs with much
    in them few are read at once."""
    runs, cursor = newest_runs(tx, environment_id, query)
    views: list[HandoutView] = []
    size = 0
    while len(views) < len(runs):
        portion = _handouts(tx, environment_id, runs[len(views) : len(views) + _PORTION])
        views += portion
        size += sum(_size_of(view) for view in portion)
        if size > _MOST_CHARACTERS and len(views) < len(runs):
            last = views[-1].run
            return Page(views, cursor_of((last.created_at, last.id)))
    return Page(views, cursor)


def _size_of(view: HandoutView) -> int:
    """In characters, about."""
    kept = sum(len(task.output or "") + len(task.failure or "") for task in view.tasks)
    return len(view.run.payload) + len(view.event or "") + kept


def _handouts(tx: Transaction, environment_id: str, runs: list[Run]) -> list[HandoutView]:
    """Read in a handful of statements whatever their number."""
    begun = [run.id for run in runs if run.lease > 0 or run.replay_from is not None]
    tasks: dict[str, list[Task]] = {}
    given: dict[str, list[int]] = {}
    if begun:
        for task in TASK.values(tx.rows("tasks_of_runs", run_ids=begun)):
            tasks.setdefault(task.run_id, []).append(task)
        for run_id, at in tx.rows("starts_of_runs", environment_id=environment_id, run_ids=begun):
            given.setdefault(run_id, []).append(at)
    waiting = [run.id for run in runs if run.status == "WAITING"]
    drifted = dict(tx.rows("drifted_runs", run_ids=waiting)) if waiting else {}
    event_ids = sorted({run.event_id for run in runs if run.event_id})
    rows = tx.rows("events_by_ids", ids=event_ids) if event_ids else []
    events = {event.id: event_json(event) for event in EVENT.values(rows)}
    project, environment = tx.row("environment_name", id=environment_id) or ("", "")
    return [
        HandoutView(
            run,
            tuple(tasks.get(run.id, ())),
            events.get(run.event_id or ""),
            drifted.get(run.id),
            tuple(given.get(run.id, ())),
            project,
            environment,
        )
        for run in runs
    ]
