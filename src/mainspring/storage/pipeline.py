"""Statements on their way to PostgreSQL: sent as they come, answered together when somebody asks.

This speaks to the driver's lower floor. On the upper one a statement costs more than PostgreSQL spends on it; here
it is a name and a few texts, and a thousand rows are one statement whose values are columns.
"""

import selectors
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from mainspring.storage.statements import Statement

Connection = psycopg.Connection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_FINE = frozenset((ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK))


class Pipeline:
    """One connection. Whoever sends nothing but what nobody reads waits for nothing until `ask` or `finish`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._wire = connection.pgconn
        self._encoding = connection.info.encoding
        self._reader = Transformer.from_context(connection)
        #: Statements that the server knows by name on this connection.
        self._known: set[str] = set()
        #: What was sent and not answered: the name of a statement that is being made known, None for a statement.
        self._unanswered: deque[str | None] = deque()
        self._syncs = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, _READ)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────
    def begin(self) -> None:
        """From here to `finish` or `abandon` nothing waits but who asks."""
        self._wire.enter_pipeline_mode()

    def send(self, statement: Statement, values: Sequence[Any]) -> None:
        """A statement with its values; its answer comes in its turn."""
        name = statement.name.encode()
        if statement.name not in self._known:
            self._wire.send_prepare(name, statement.sql.encode())
            self._unanswered.append(statement.name)
            self._known.add(statement.name)
        self._wire.send_query_prepared(name, [_text(value) for value in values])
        self._unanswered.append(None)

    def send_all(self, statement: Statement, rows: Iterable[Sequence[Any]]) -> None:
        """A statement that takes many rows at once: a list for each of its values."""
        self.send(statement, list(zip(*rows, strict=True)))

    # ── answers ──────────────────────────────────────────────────────────────────────────────────────
    def ask(self, count: int = 1) -> list[Rows]:
        """The rows of the last `count` statements, in order. Raises what failed of all that was sent."""
        self._wire.send_flush_request()
        return [self._rows(answer) for answer in self._answers()[-count:]]

    def count(self, count: int = 1) -> int:
        """How many rows the last `count` statements changed."""
        self._wire.send_flush_request()
        return sum(answer.command_tuples or 0 for answer in self._answers()[-count:])

    def finish(self) -> str:
        """What the last statement, a commit, says it did. Raises what failed of what nobody waited for."""
        self._sync()
        answers = self._answers()
        self._leave()
        return (answers[-1].command_status or b"").decode() if answers else ""

    def abandon(self) -> None:
        """Takes in what is still on its way, whatever it says, and rolls back. A connection on which that fails is
        closed."""
        try:
            self._sync()
            while self._unanswered:
                with suppress(psycopg.Error):
                    self._answer()
                self._check()
            self._leave()
            self.connection.rollback()
        except psycopg.Error:
            self.close()

    def script(self, sql: str) -> None:
        """Several statements as they stand, which no pipeline takes."""
        self.finish()
        self.connection.execute(sql)
        self.begin()

    # ── the connection ───────────────────────────────────────────────────────────────────────────────
    def is_alive(self) -> bool:
        """Whether it can be used, as far as this side knows; asks the server nothing."""
        if self.connection.closed or self._wire.transaction_status != TransactionStatus.IDLE:
            return False
        return not self._selector.select(timeout=0)  # something to read where nothing was asked is a goodbye

    @property
    def closed(self) -> bool:
        return self.connection.closed

    def close(self) -> None:
        self._selector.close()
        self.connection.close()

    def _sync(self) -> None:
        self._wire.pipeline_sync()
        self._syncs += 1

    def _leave(self) -> None:
        """Out of the pipeline, all of it answered."""
        while self._syncs:
            result = self._next()
            if result is None:
                self._check()
            elif result.status == ExecStatus.PIPELINE_SYNC:
                self._syncs -= 1
            else:
                raise pg.error_from_result(result, self._encoding)
        self._wire.exit_pipeline_mode()

    def _answers(self) -> list[PGresult]:
        """Of all statements that were sent, in order; it passes over those that were only made known."""
        answers = []
        while self._unanswered:
            is_statement = self._unanswered[0] is None
            answer = self._answer()
            if is_statement:
                answers.append(answer)
        return answers

    def _answer(self) -> PGresult:
        name = self._unanswered.popleft()
        result = self._next()
        if result is None:
            self._check()
            raise psycopg.OperationalError("the server did not answer")
        self._wire.get_result()  # each answer has an end of its own, which is there with it
        if result.status not in _FINE:
            if name is not None:
                self._known.discard(name)
            raise pg.error_from_result(result, self._encoding)
        return result

    def _next(self) -> PGresult | None:
        while self._wire.flush():
            self._wait(_READ | _WRITE)
        while self._wire.is_busy():
            self._wait(_READ)
        return self._wire.get_result()

    def _wait(self, events: int) -> None:
        if events != _READ:
            self._selector.modify(self.connection, events)
        try:
            ready = self._selector.select()
        finally:
            if events != _READ:
                self._selector.modify(self.connection, _READ)
        if any(event & _READ for _, event in ready):
            self._wire.consume_input()

    def _check(self) -> None:
        if self._wire.transaction_status == TransactionStatus.UNKNOWN:
            raise psycopg.OperationalError("the connection is lost")

    def _rows(self, answer: PGresult) -> Rows:
        self._reader.set_pgresult(answer)
        return self._reader.load_rows(0, answer.ntuples, tuple)


# ── values as PostgreSQL reads them ──────────────────────────────────────────────────────────────────
def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        text = array_text(value)
    elif isinstance(value, str):
        text = value
    else:
        text = str(value)  # numbers; True and False are words it knows
    data = text.encode()
    if b"\0" in data:
        raise psycopg.DataError("PostgreSQL keeps no NUL characters")
    return data


def array_text(values: Sequence[Any]) -> str:
    """A column of values as the text of an array. One of nothing but nulls is short: who puts columns side by side
    fills it up with nulls."""
    if values.count(None) == len(values):
        return "{}"
    if isinstance(next(value for value in values if value is not None), str):
        return _array_of_texts(values)
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def _array_of_texts(values: Sequence[str | None]) -> str:
    if None not in values:
        joined = '","'.join(values)  # type: ignore[arg-type]  # nothing but texts
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return '{"' + joined + '"}'
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
