"""Rows and values: the columns of each table are the fields of its dataclass, in order.

So a column is named once in a migration and once in `model/`; statements say `{run}` for the list.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from mainspring.model.approvals import Approval, ApprovalAnswer, ApprovalPerson
from mainspring.model.breakers import Breaker
from mainspring.model.bulks import Bulk
from mainspring.model.error_groups import ErrorChange, ErrorGroup
from mainspring.model.events import Event
from mainspring.model.history import Entry
from mainspring.model.logs import LogLine
from mainspring.model.queues import Queue, QueueKey
from mainspring.model.runs import Run
from mainspring.model.schedules import Schedule
from mainspring.model.store import StoreEntry
from mainspring.model.tasks import Attempt, Task
from mainspring.model.tokens import Token
from mainspring.model.waits import Wait
from mainspring.model.workers import Worker

T = TypeVar("T")


class Shape(Generic[T]):
    """The columns of one dataclass and the way from a row to a value."""

    def __init__(self, kind: Callable[..., T]) -> None:
        hints = get_type_hints(kind)
        self.kind = kind
        self.columns: tuple[str, ...] = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]  # a dataclass, by contract
        #: What PostgreSQL calls their kinds.
        self.types = {name: _type(hints[name]) for name in self.columns}
        #: SQLite has no booleans; these come back as 0 and 1.
        self._flags = tuple(i for i, name in enumerate(self.columns) if hints[name] is bool)

    def value(self, row: Sequence[Any]) -> T:
        """The dataclass for a row whose columns begin with this shape's."""
        if not self._flags:
            return self.kind(*row)
        values = list(row)
        for i in self._flags:
            values[i] = bool(values[i])
        return self.kind(*values)

    def values(self, rows: Iterable[Sequence[Any]]) -> list[T]:
        return [self.value(row) for row in rows]


def _type(hint: Any) -> str:
    kinds = set(get_args(hint)) - {type(None)} or {hint}
    return "boolean" if kinds == {bool} else "bigint" if kinds == {int} else "text"


RUN = Shape(Run)
TASK = Shape(Task)
ATTEMPT = Shape(Attempt)
WAIT = Shape(Wait)
APPROVAL = Shape(Approval)
APPROVAL_ANSWER = Shape(ApprovalAnswer)
APPROVAL_PERSON = Shape(ApprovalPerson)
EVENT = Shape(Event)
BREAKER = Shape(Breaker)
BULK = Shape(Bulk)
ENTRY = Shape(Entry)
ERROR = Shape(ErrorGroup)
ERROR_CHANGE = Shape(ErrorChange)
LOG = Shape(LogLine)
QUEUE = Shape(Queue)
QUEUE_KEY = Shape(QueueKey)
SCHEDULE = Shape(Schedule)
STORE_ENTRY = Shape(StoreEntry)
TOKEN = Shape(Token)
WORKER = Shape(Worker)

#: The words that statements may use for a column list.
SHAPES: dict[str, Shape[Any]] = {
    "run": RUN,
    "task": TASK,
    "attempt": ATTEMPT,
    "wait": WAIT,
    "event": EVENT,
    "approval": APPROVAL,
    "approval_answer": APPROVAL_ANSWER,
    "approval_person": APPROVAL_PERSON,
    "breaker": BREAKER,
    "bulk": BULK,
    "entry": ENTRY,
    "error": ERROR,
    "error_change": ERROR_CHANGE,
    "log": LOG,
    "queue": QUEUE,
    "queue_key": QUEUE_KEY,
    "schedule": SCHEDULE,
    "store_entry": STORE_ENTRY,
    "token": TOKEN,
    "worker": WORKER,
}
