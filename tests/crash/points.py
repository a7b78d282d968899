"""Every call of storage as a place where the process dies, or is told that it failed.

Calls are counted: the begin of a writing transaction, each of its statements, its commit. Readers change nothing,
so a death beside one is a death between two of these.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from mainspring.errors import DatabaseUnavailable
from mainspring.storage.database import Database, Question, Transaction
from mainspring.testing.disk import Disk

#: "before" a call and "after" it the process dies; "refused": it was done, and the caller is told that it failed.
Kind = Literal["before", "after", "refused"]
Call = Literal["begin", "statement", "commit"]


@dataclass
class Fault:
    """One fault at one point. `number` counts calls from 1; 0: none, the calls are counted only."""

    kind: Kind = "before"
    number: int = 0
    #: The process that comes after dies as well, before its so-manieth call; 0: it lives.
    again: int = 0
    #: Called on the thread that wrote, once the fault has struck.
    struck: Callable[[], None] = lambda: None
    #: Every call until now.
    calls: list[tuple[Call, str]] = field(default_factory=list)
    is_armed: bool = False
    has_struck: bool = False
    is_deadly: bool = False

    def before(self, call: Call, name: str) -> None:
        if not self.is_armed:
            return
        self.calls.append((call, name))
        if self.kind == "before" and len(self.calls) == self.number:
            self._strike(is_deadly=True)

    def after(self) -> None:
        if self.is_armed and self.kind != "before" and len(self.calls) == self.number and not self.has_struck:
            self._strike(is_deadly=self.kind == "after")

    def _strike(self, *, is_deadly: bool) -> None:
        self.has_struck, self.is_deadly = True, is_deadly
        self.struck()
        if is_deadly:
            raise SystemExit  # ends the thread that writes: nobody hears of it
        raise DatabaseUnavailable("the connection broke before the answer came")

    def rearm(self) -> None:
        """For the process that comes after one that died."""
        if self.again:
            self.kind, self.number, self.again = "before", self.again, 0
            self.calls, self.has_struck = [], False

    def __str__(self) -> str:
        where = " ".join(self.calls[self.number - 1]) if len(self.calls) >= self.number > 0 else "nowhere"
        return f"{self.kind} call {self.number} ({where})"


class PointedDisk(Disk):
    """A disk whose writing calls are points."""

    def __init__(self, inner: Database, fault: Fault) -> None:
        super().__init__(inner)
        self._fault = fault
        #: Only one thread writes at a time, and only it may strike: others wait for the lock in `write`.
        self._writing = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        fault = self._fault
        with self._writing:
            fault.before("begin", "")
            with super().write() as tx:
                fault.after()
                yield PointedTransaction(tx, fault)
                fault.before("commit", "")
            fault.after()


class PointedTransaction:
    """Implements `Transaction`."""

    def __init__(self, inner: Transaction, fault: Fault) -> None:
        self._inner = inner
        self._fault = fault

    def _call(self, name: str, call: Callable[[], Any]) -> Any:
        self._fault.before("statement", name)
        answer = call()
        self._fault.after()
        return answer

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._call(statement, lambda: self._inner.rows(statement, **values))
        return found

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._call(statement, lambda: self._inner.row(statement, **values))
        return found

    def ask(self, *questions: Question) -> list[list[tuple[Any, ...]]]:
        names = " ".join(statement for statement, _ in questions)
        found: list[list[tuple[Any, ...]]] = self._call(names, lambda: self._inner.ask(*questions))
        return found

    def run(self, statement: str, **values: Any) -> int:
        return int(self._call(statement, lambda: self._inner.run(statement, **values)))

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        return int(self._call(statement, lambda: self._inner.run_many(statement, batch)))

    def together(self) -> AbstractContextManager[object]:
        return self._inner.together()

    def be_alone(self) -> None:
        self._inner.be_alone()

    def script(self, sql: str) -> None:
        self._call("script", lambda: self._inner.script(sql))
