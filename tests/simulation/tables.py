"""The tables, mirrored: after each commit only the rows it touched are read again."""

from dataclasses import dataclass, field
from typing import Any

from mainspring.model.events import Event
from mainspring.model.joining import joins_events
from mainspring.model.runs import Run
from mainspring.model.tasks import Task
from mainspring.model.waits import Wait
from mainspring.storage.shapes import EVENT, RUN, TASK, WAIT, Shape
from mainspring.storage.sqlite import SqliteDatabase

TaskId = tuple[str, str]

_WATCHED = {
    "runs": ("id", "''"),
    "tasks": ("run_id", "key"),
    "waits": ("run_id", "task_key"),
    "events": ("id", "''"),
    "joined_events": ("event_id", "job_id"),
}


@dataclass
class Change:
    """What one commit did: rows before (None: there was none) and after (None: it is gone)."""

    runs: dict[str, tuple[Run | None, Run | None]] = field(default_factory=dict)
    tasks: dict[TaskId, tuple[Task | None, Task | None]] = field(default_factory=dict)
    waits: dict[TaskId, tuple[Wait | None, Wait | None]] = field(default_factory=dict)
    events: dict[str, tuple[Event | None, Event | None]] = field(default_factory=dict)


class Tables:
    """What the database holds as of the last commit."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.connection = database._writer
        self.runs: dict[str, Run] = {}
        self.tasks: dict[TaskId, Task] = {}
        self.waits: dict[TaskId, Wait] = {}
        self.events: dict[str, Event] = {}
        self.waits_of: dict[str, set[str]] = {}
        self.runs_of_event: dict[str, list[str]] = {}
        self._watch()

    def _watch(self) -> None:
        run = self.connection.execute
        run("create temp table touched (kind text, one text, two text, primary key (kind, one, two))")
        for table, (one, two) in _WATCHED.items():
            for event, row in (("insert", "new"), ("update", "new"), ("delete", "old")):
                key = two if two == "''" else f"{row}.{two}"
                run(
                    f"create temp trigger touched_{table}_{event} after {event} on main.{table} begin "
                    f"insert or ignore into touched values ('{table}', {row}.{one}, {key}); end"
                )

    def read(self) -> Change:
        """What the last commit changed."""
        touched = self.connection.execute("select kind, one, two from touched").fetchall()
        change = Change()
        if not touched:
            return change
        self.connection.execute("delete from touched")
        for kind, one, two in touched:
            if kind == "runs":
                after = self._one(RUN, "runs", "id = ?", one)
                change.runs[one] = (self.runs.get(one), after)
                self.runs[one] = after
                is_alone = after.replay_of is None and not joins_events(after.debounce_key)
                if after.event_id is not None and is_alone and change.runs[one][0] is None:
                    self.runs_of_event.setdefault(after.event_id, []).append(after.job_id)
            elif kind == "tasks":
                after = self._one(TASK, "tasks", "run_id = ? and key = ?", one, two)
                change.tasks[one, two] = (self.tasks.get((one, two)), after)
                self.tasks[one, two] = after
            elif kind == "waits":
                self._wait(change, one, two)
            elif kind == "joined_events":
                self.runs_of_event.setdefault(one, []).append(two)
            else:
                after = self._one(EVENT, "events", "id = ?", one)
                change.events[one] = (self.events.get(one), after)
                self.events[one] = after
        return change

    def _wait(self, change: Change, run_id: str, key: str) -> None:
        after = self._one(WAIT, "waits", "run_id = ? and task_key = ?", run_id, key)
        change.waits[run_id, key] = (self.waits.get((run_id, key)), after)
        if after is None:
            self.waits.pop((run_id, key), None)
            self.waits_of.get(run_id, set()).discard(key)
        else:
            self.waits[run_id, key] = after
            self.waits_of.setdefault(run_id, set()).add(key)

    def _one(self, shape: Shape[Any], table: str, where: str, *keys: str) -> Any:
        columns = ", ".join(shape.columns)
        row = self.connection.execute(f"select {columns} from {table} where {where}", keys).fetchone()
        return None if row is None else shape.value(row)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()
