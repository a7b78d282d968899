"""What a run did, as the API shows it: its tasks, logs and history."""

from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.log_lists import LinePage
from mainspring.engine.views import TaskView
from mainspring.model.history import Entry, EntryKind
from mainspring.model.logs import LogLevel, LogLine
from mainspring.model.tasks import Attempt, TaskKind, TaskStatus
from mainspring.server.shapes.parts import At, Json, Listing, at, value_of
from mainspring.server.shapes.runs import FailureShape, WaitShape, failure_shape, wait_shape


class AttemptShape(BaseModel):
    number: int
    status: str = Field(examples=["FAILED"])
    error: FailureShape | None
    started_at: At
    finished_at: At | None


class TaskShape(BaseModel):
    key: str
    parent_key: str | None
    kind: TaskKind
    name: str
    icon: str | None
    params: Json
    properties: Json
    status: TaskStatus
    attempt: int
    attempts: list[AttemptShape]
    kept_from: str | None = Field(description="The run in which it ran, where a replay keeps its outcome.")
    output: Json
    error: FailureShape | None
    started_at: At
    finished_at: At | None
    next_attempt_at: At | None
    waiting_for: WaitShape | None


class LogShape(BaseModel):
    id: str = Field(description="Unique in its run.", examples=["3.17"])
    at: At
    level: LogLevel
    message: str
    task: str | None
    fields: dict[str, Any] | None
    origin: str = Field(examples=["logger", "logging", "print"])


class LineShape(LogShape):
    """A log line among those of all runs."""

    run_id: str
    job_id: str


class LineListing(Listing[LineShape]):
    """One page of log lines."""

    looked_back_to: At | None = Field(
        None, description="Lines since then were looked at; null: all there are, `next_cursor` is null too."
    )


class EntryShape(BaseModel):
    sequence: int
    at: At
    kind: EntryKind
    task: str | None
    attempt: int | None
    data: dict[str, Any] | None


def task_shape(view: TaskView) -> TaskShape:
    """A task with its attempts."""
    task = view.task
    return TaskShape(
        key=task.key,
        parent_key=task.parent_key,
        kind=task.kind,
        name=task.name,
        icon=task.icon,
        params=value_of(task.params),
        properties=value_of(task.properties),
        status=task.status,
        attempt=task.attempt,
        attempts=_attempts(view),
        kept_from=task.kept_from,
        output=value_of(task.output),
        error=failure_shape(task.failure),
        started_at=to_iso(task.started_at),
        finished_at=at(task.finished_at),
        next_attempt_at=at(task.next_attempt_at),
        waiting_for=None if view.waiting_for is None else wait_shape(view.waiting_for),
    )


def _attempts(view: TaskView) -> list[AttemptShape]:
    """Every try, also the one that succeeded or still runs: only failed tries are rows of their own."""
    task = view.task
    tries = [_failed_attempt(attempt) for attempt in view.attempts]
    if task.kind != "task" or task.status not in ("RUNNING", "SUCCESS"):
        return tries
    if any(attempt.number == task.attempt for attempt in view.attempts):
        return tries
    began = view.attempts[-1].finished_at if view.attempts else task.started_at
    current = AttemptShape(
        number=task.attempt,
        status=task.status,
        error=None,
        started_at=to_iso(began),
        finished_at=at(task.finished_at),
    )
    return [*tries, current]


def _failed_attempt(attempt: Attempt) -> AttemptShape:
    return AttemptShape(
        number=attempt.number,
        status="FAILED",
        error=failure_shape(attempt.failure),
        started_at=to_iso(attempt.started_at),
        finished_at=to_iso(attempt.finished_at),
    )


def log_shape(line: LogLine) -> LogShape:
    """One log line."""
    return LogShape(
        id=f"{line.lease}.{line.number}",
        at=to_iso(line.at),
        level=line.level,
        message=line.message,
        task=line.task_key,
        fields=value_of(line.fields),
        origin=line.origin,
    )


def line_listing(page: LinePage) -> LineListing:
    """A page of lines of all runs."""
    lines = [
        LineShape(**log_shape(view.line).model_dump(), run_id=view.line.run_id, job_id=view.job_id)
        for view in page.data
    ]
    return LineListing(data=lines, next_cursor=page.next_cursor, looked_back_to=at(page.looked_to))


def entry_shape(entry: Entry) -> EntryShape:
    """One line of the account."""
    return EntryShape(
        sequence=entry.sequence,
        at=to_iso(entry.at),
        kind=entry.kind,
        task=entry.task_key,
        attempt=entry.attempt,
        data=value_of(entry.data),
    )
