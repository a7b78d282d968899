"""A run as a test sees it: its attributes are as they stand in the database when they are asked for, no await."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from mainspring.clock import to_datetime
from mainspring.codec import decode
from mainspring.engine import account, inspect
from mainspring.engine.handouts import get_handout
from mainspring.engine.views import LogQuery, TaskView
from mainspring.errors import NotFound
from mainspring.model.failures import Failure
from mainspring.model.history import EntryKind
from mainspring.model.logs import LogLevel
from mainspring.model.tasks import TaskKind, TaskStatus
from mainspring.sdk.annotations import Restore
from mainspring.sdk.api import Api
from mainspring.sdk.handle import Run
from mainspring.sdk.names import near
from mainspring.server.shapes.checkpoints import checkpoints_shape
from mainspring.server.shapes.runs import RunFacts
from mainspring.storage.database import Transaction
from mainspring.testing.server import Server
from mainspring.worker.failures import read_failure

OutputT_co = TypeVar("OutputT_co", covariant=True)
T = TypeVar("T")

#: Of logs and history, what one run may have at most to be shown whole.
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class LiveTask:
    """A task as it stands now."""

    key: str
    kind: TaskKind
    name: str
    status: TaskStatus
    #: The attempt that runs or ran last, from 1.
    attempts: int
    #: What was kept of what it returned, as plain JSON data; None until SUCCESS.
    output: Any
    #: Why it failed, or why its last attempt did.
    error: Failure | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line that the run wrote."""

    level: LogLevel
    message: str
    fields: dict[str, Any]
    #: The key of the task that wrote it; None: the body.
    task: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A line of the run's account. docs/reference/http-api.md lists the kinds."""

    kind: EntryKind
    #: The key of the task that it is about.
    task: str | None
    attempt: int | None
    data: dict[str, Any]
    at: datetime


class Tasks(dict[str, LiveTask]):
    """A run's tasks by key, in the order in which they began."""

    def __init__(self, run_id: str, tasks: Mapping[str, LiveTask]) -> None:
        super().__init__(tasks)
        self._run_id = run_id

    def __missing__(self, key: str) -> LiveTask:
        raise NotFound(
            f"run {self._run_id} has no task {key!r}{near(key, self)}", mend="Look at `list(run.tasks)`."
        )


class LiveRun(Run[OutputT_co]):
    """As `Run`, with the run's present state. It can be looked at until the test ends, between any two calls."""

    def __init__(
        self, run_id: str, server: Callable[[], Server], api: Api, restore: Restore | None = None
    ) -> None:
        """Made by `Environment`."""
        self._run_id = run_id
        self._server = server
        self._api = api
        self._restore = restore

    @property
    def id(self) -> str:
        return self._run_id

    @property
    def _shown(self) -> Mapping[str, Any]:
        server = self._server()
        asked = (server.environment_id, self._run_id)
        view = self._read(lambda tx: inspect.get_runs(tx, [asked], server.clock.now()).get(asked))
        facts = RunFacts(view)
        sealing = self._api._sealing
        shown: Mapping[str, Any] = facts if sealing is None else sealing.open(facts)
        return shown

    @_shown.setter
    def _shown(self, shown: Mapping[str, Any]) -> None:
        """What the API said of it: it is asked for anew each time."""

    @property
    def tasks(self) -> Tasks:
        """Its tasks by key, in the order in which they began; `NotFound` for a key that it does not have."""
        views = self._read(lambda tx: account.run_tasks(tx, self._server().environment_id, self._run_id))
        return Tasks(self._run_id, {view.task.key: self._task(view) for view in views})

    @property
    def logs(self) -> list[LogEntry]:
        """What it wrote with `io.logger`, `logging` and `print`, in order."""
        query = LogQuery(limit=_MOST)
        page = self._read(lambda tx: account.run_logs(tx, self._server().environment_id, self._run_id, query))
        return [
            LogEntry(
                line.level, line.message, self._open(line.fields) or {}, line.task_key, to_datetime(line.at)
            )
            for line in page.data
        ]

    @property
    def history(self) -> list[HistoryEntry]:
        """Everything that happened to it, in order."""
        entries = self._read(
            lambda tx: account.run_history(tx, self._server().environment_id, self._run_id, 0, _MOST)
        )
        return [
            HistoryEntry(one.kind, one.task_key, one.attempt, self._open(one.data) or {}, to_datetime(one.at))
            for one in entries
        ]

    @property
    def checkpoints(self) -> dict[str, Any]:
        """What a replay of it goes by, for `replay`: keep it as JSON to hold later code against this run."""
        view = self._read(lambda tx: get_handout(tx, self._server().environment_id, self._run_id))
        return checkpoints_shape(view).model_dump(mode="json")

    def _task(self, view: TaskView) -> LiveTask:
        task = view.task
        error = None if task.failure is None else read_failure(task.failure)
        return LiveTask(
            task.key, task.kind, task.name, task.status, task.attempt, self._open(task.output), error
        )

    def _open(self, text: str | None) -> Any:
        """Kept JSON text as a value, opened where the client encrypts."""
        if text is None:
            return None
        sealing = self._api._sealing
        value = decode(text)
        return value if sealing is None else sealing.open(value)

    def _read(self, ask: Callable[[Transaction], T | None]) -> T:
        with self._server().disk.read() as tx:
            found = ask(tx)
        if found is None:
            raise NotFound(f"there is no run {self._run_id!r} in the test's environment")
        return found
