"""What `dev` shows of the runs: their account as it grows, read from the engine in the same process."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from mainspring.cli import lines, output
from mainspring.clock import Instant, to_iso
from mainspring.engine import account, inspect
from mainspring.engine.engine import Engine
from mainspring.engine.views import LogQuery, RunView
from mainspring.errors import MainspringError
from mainspring.server.shapes.account import entry_shape, log_shape, task_shape
from mainspring.server.shapes.runs import run_shape
from mainspring.storage.database import Transaction

#: Accounts that grew within this span are read together (microseconds).
_GATHER = 50_000
#: More at once than a person could read: of the others only a count is told.
_READABLE_RUNS = 50
_READABLE_LINES = 500
#: Runs whose place is remembered.
_MOST_PLACES = 20_000
#: The end of a run's id, enough to tell two apart by eye.
_SHORT_ID = 4


@dataclass(slots=True)
class _Place:
    """How far a run's account has been told."""

    sequence: int = 0
    log_cursor: str | None = None
    is_over: bool = False


class Tail:
    """Tells what happens from `since` on; `notice` says in which runs something did."""

    def __init__(self, engine: Engine, environment_id: str, console: Console) -> None:
        self._engine = engine
        self._environment_id = environment_id
        self._console = console
        self._since: Instant = engine.clock.now()
        self._places: dict[str, _Place] = {}
        self._grown: set[str] = set()
        self._changed = asyncio.Event()

    def notice(self, run_ids: Iterable[str]) -> None:
        """Runs whose account grew; on the loop's own thread."""
        self._grown.update(run_ids)
        self._changed.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            run_ids, self._grown = sorted(self._grown), set()
            try:
                lines_told = await self._engine.read(self._told, run_ids[:_READABLE_RUNS])
            except MainspringError as error:  # the database is away for a moment: that is told elsewhere, too
                lines_told = [Text(f"not shown: {output.clean(str(error))}", style="yellow")]
            for told in lines_told:
                self._console.print(told)
            if len(run_ids) > _READABLE_RUNS:
                self._console.print(
                    Text(f"... and {len(run_ids) - _READABLE_RUNS} more runs", style="bright_black")
                )
            await self._engine.clock.sleep(_GATHER)

    def _told(self, tx: Transaction, run_ids: list[str]) -> list[Text]:
        """The new lines of these runs, by time."""
        found: list[tuple[str, Text]] = []
        for run_id in run_ids:
            found += self._told_of(tx, run_id)
        return [text for _, text in sorted(found, key=lambda pair: pair[0])]

    def _told_of(self, tx: Transaction, run_id: str) -> list[tuple[str, Text]]:
        run = inspect.get_run_row(tx, self._environment_id, run_id)
        if run is None:
            return []
        place = self._place(run_id)
        label = f"{run.job_id} {run_id[-_SHORT_ID:]}"
        told = [*self._entries(tx, run_id, label, place), *self._logs(tx, run_id, label, place)]
        if run.finished_at is not None and not place.is_over:
            place.is_over = True
            if run.finished_at >= self._since:
                told.append(
                    (to_iso(run.finished_at), lines.of_end(run_shape(RunView(run)).model_dump(), label))
                )
        return told

    def _place(self, run_id: str) -> _Place:
        place = self._places.setdefault(run_id, _Place())
        if len(self._places) > _MOST_PLACES:
            self._places.pop(next(iter(self._places)))  # the oldest; at worst its lines are told again
        return place

    def _entries(self, tx: Transaction, run_id: str, label: str, place: _Place) -> list[tuple[str, Text]]:
        entries = account.run_history(tx, self._environment_id, run_id, place.sequence, _READABLE_LINES) or []
        if entries:
            place.sequence = entries[-1].sequence
        fresh = [entry_shape(entry).model_dump() for entry in entries if entry.at >= self._since]
        needs_tasks = any(entry["kind"] in lines.TOLD_WITH_TASK for entry in fresh)
        tasks = self._tasks(tx, run_id) if needs_tasks else {}
        drawn = ((entry["at"], lines.of_entry(entry, tasks, label)) for entry in fresh)
        return [(at, text) for at, text in drawn if text is not None]

    def _tasks(self, tx: Transaction, run_id: str) -> dict[str, dict[str, Any]]:
        views = account.run_tasks(tx, self._environment_id, run_id) or []
        return {view.task.key: task_shape(view).model_dump() for view in views}

    def _logs(self, tx: Transaction, run_id: str, label: str, place: _Place) -> list[tuple[str, Text]]:
        query = LogQuery(limit=_READABLE_LINES, cursor=place.log_cursor)
        page = account.run_logs(tx, self._environment_id, run_id, query)
        if page is None:
            return []
        place.log_cursor = page.next_cursor
        shown = [log_shape(line).model_dump() for line in page.data if line.at >= self._since]
        return [(log["at"], lines.of_log(log, label)) for log in shown]
