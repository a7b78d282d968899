"""PostgreSQL through psycopg 3: one writing connection per server, a few that read, made anew when they break.

Every decision is read and written under row locks on one connection in READ COMMITTED; the run's row is the
lock for all that belongs to the run. To plan a lone statement costs as much as to run it, so the writing
connection keeps its plans: for a few seconds, since one that was made while a table was young knows nothing of
its size, and through indexes only. Connections that read plan for the values they were given.

A transaction is sent as it comes, from its begin to its commit: only who reads an answer waits for it, so a
batch costs a round trip per question it asks and one for its commit, however much it writes.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from mainspring.errors import DatabaseTooOld, DatabaseUnavailable, InvalidSetting, TransactionConflict
from mainspring.storage.database import Question
from mainspring.storage.pipeline import Pipeline
from mainspring.storage.statements import POSTGRES, Statement, load_statements

OLDEST_VERSION = 140000
READERS = 8
CONNECT_TIMEOUT = 5
#: Seconds for which the writing connection keeps its plans.
PLANS_LAST = 5.0
#: What the server is told about our connections: a stuck peer or lock must not hold us for ever.
_SESSION = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c timezone=UTC -c jit=off"
_READING = "-c plan_cache_mode=force_custom_plan"
#: A row that is written is known by a key: an index finds it, whatever the planner believes of the sizes.
_WRITING = (
    "-c plan_cache_mode=force_generic_plan "
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
#: A peer that is gone is noticed within seconds, also where nobody says goodbye.
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
#: Another server held what we need, or wrote first what only one may write: looked at again, it is decided.
_CONFLICTS = (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable, pg.UniqueViolation)

_PASSWORD = re.compile(r"((?:^|[?&])password=)[^&]*")

Synchronous = Literal["FULL", "NORMAL"]

#: Noted on an error that came before the commit was sent.
_NOTHING_COMMITTED = "nothing was committed"


class PostgresTransaction:
    """Named statements on one connection, inside one transaction."""

    def __init__(
        self, pipeline: Pipeline, statements: dict[str, Statement], alone: "_Alone | None" = None
    ) -> None:
        self._pipeline = pipeline
        self._statements = statements
        self._alone = alone
        self._is_together = False

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        self._send(statement, values)
        return self._pipeline.ask()[0]

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        found = self.rows(statement, **values)
        return found[0] if found else None

    def ask(self, *questions: Question) -> list[list[tuple[Any, ...]]]:
        for statement, values in questions:
            self._send(statement, values)
        return self._pipeline.ask(len(questions))

    def run(self, statement: str, **values: Any) -> int:
        return self.run_many(statement, [values])

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        if not batch:
            return 0
        found = self._statements[statement]
        pick = found.picker_for(batch[0])
        sent = 1
        if found.takes_all:
            self._pipeline.send_all(found, map(pick, batch))
        else:
            sent = len(batch)
            for row in batch:
                self._pipeline.send(found, pick(row))
        return 0 if self._is_together else self._pipeline.count(sent)

    @contextmanager
    def together(self) -> Iterator[object]:
        outer, self._is_together = self._is_together, True
        try:
            yield self
        finally:
            self._is_together = outer

    def be_alone(self) -> None:
        if self._alone is not None and not self._alone.now:
            self._alone.next = True
            raise TransactionConflict("what is to be changed now must stand still for all servers")

    def script(self, sql: str) -> None:
        self._pipeline.script(sql)

    def _send(self, statement: str, values: Mapping[str, Any]) -> None:
        found = self._statements[statement]
        self._pipeline.send(found, found.from_mapping(values))


@dataclass(slots=True)
class _Alone:
    """Whether the transaction that writes keeps all others from writing, and whether the next one is to."""

    now: bool = False
    next: bool = False


class PostgresDatabase:
    """One PostgreSQL database. Connections are opened when they are first needed."""

    dialect = "postgres"

    def __init__(self, url: str, *, synchronous: Synchronous = "FULL") -> None:
        check_url(url)
        self._url = url
        self._options = _SESSION + (" -c synchronous_commit=off" if synchronous == "NORMAL" else "")
        self._statements = load_statements(POSTGRES)
        self._write_lock = threading.RLock()
        self._writer: Pipeline | None = None
        self._plans_until = 0.0
        self._alone = _Alone()
        self._closed = False
        self.label = hide_password(url)
        self._readers = Readers(lambda: self._connect(_READING), self.label)

    @contextmanager
    def write(self) -> Iterator[PostgresTransaction]:
        with self._write_lock, _translated(self.label):
            if self._closed:
                raise closed(self.label)
            if self._writer is None or not self._writer.is_alive():
                self._writer = self._connect(_WRITING)
            with self._transaction(self._writer, "begin_writing"):
                self._alone = _Alone(now=self._alone.next)
                lock = "write_alone" if self._alone.now else "write_beside_others"
                self._writer.send(self._statements[lock], ())
                self._plan_anew(self._writer)
                yield PostgresTransaction(self._writer, self._statements, self._alone)

    def _plan_anew(self, pipeline: Pipeline) -> None:
        """Has the statements planned for the tables as they are by now."""
        now = time.monotonic()
        if now >= self._plans_until:
            self._plans_until = now + PLANS_LAST
            pipeline.send(self._statements["discard_plans"], ())

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        with (
            _translated(self.label),
            self._readers.one() as pipeline,
            self._transaction(pipeline, "begin_reading") as tx,
        ):
            yield tx

    def close(self) -> None:
        with self._write_lock:
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._readers.close()

    @contextmanager
    def _transaction(self, pipeline: Pipeline, begin: str) -> Iterator[PostgresTransaction]:
        """Commits at the end of the block."""
        is_committing = False
        try:
            pipeline.begin()
            pipeline.send(self._statements[begin], ())
            yield PostgresTransaction(pipeline, self._statements)
            is_committing = True
            pipeline.send(self._statements["commit"], ())
            if pipeline.finish() != "COMMIT":
                raise pg.InFailedSqlTransaction("a statement before the commit had failed")
        except BaseException as error:
            if isinstance(error, psycopg.Error) and not is_committing:
                error.add_note(_NOTHING_COMMITTED)
            pipeline.abandon()
            raise

    def _connect(self, planning: str) -> Pipeline:
        connection = psycopg.connect(
            self._url,
            autocommit=True,  # transactions are begun where they are meant
            connect_timeout=CONNECT_TIMEOUT,
            options=f"{self._options} {planning}",
            application_name="mainspring",
            **KEEPALIVE,
        )
        try:
            check_version(connection.info.server_version)
        except BaseException:
            connection.close()
            raise
        return Pipeline(connection)


class Readers:
    """The connections that read: up to `READERS`, made when they are needed, kept while they work."""

    def __init__(self, connect: Callable[[], Pipeline], label: str) -> None:
        self._connect = connect
        self._label = label
        self._idle: list[Pipeline] = []
        self._count = 0
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[Pipeline]:
        """A connection for this thread alone; waits while all are in use."""
        pipeline = self._take() or self._new()
        try:
            yield pipeline
        finally:
            self._give_back(pipeline)

    def close(self) -> None:
        """Those in use are closed when they are given back."""
        with self._changed:
            self._closed = True
            for pipeline in self._idle:
                pipeline.close()
            self._idle.clear()
            self._changed.notify_all()

    def _take(self) -> Pipeline | None:
        """An idle one; None when a new one may be made."""
        with self._changed:
            while True:
                if self._closed:
                    raise closed(self._label)
                while self._idle:
                    pipeline = self._idle.pop()
                    if pipeline.is_alive():
                        return pipeline
                    pipeline.close()
                    self._count -= 1
                if self._count < READERS:
                    self._count += 1
                    return None
                self._changed.wait()

    def _new(self) -> Pipeline:
        try:
            return self._connect()
        except BaseException:
            with self._changed:
                self._count -= 1
                self._changed.notify()
            raise

    def _give_back(self, pipeline: Pipeline) -> None:
        with self._changed:
            if self._closed or pipeline.closed:
                pipeline.close()
                self._count -= 1
            else:
                self._idle.append(pipeline)
            self._changed.notify()


def closed(label: str) -> DatabaseUnavailable:
    """The answer to whoever comes too late."""
    return DatabaseUnavailable(f"the database {label} was closed")


def check_version(version: int) -> None:
    """Raises `DatabaseTooOld` for a server older than 14."""
    if version < OLDEST_VERSION:
        raise DatabaseTooOld(
            f"PostgreSQL {version // 10000} is too old: {OLDEST_VERSION // 10000} or newer is needed",
            mend="Upgrade the database server.",
        )


def check_url(url: str) -> None:
    """Raises `InvalidSetting` for a URL that the driver cannot read; asks nobody."""
    try:
        ports = conninfo_to_dict(url).get("port") or ""
        [int(port) for port in str(ports).split(",") if port]
    except (psycopg.ProgrammingError, ValueError):
        raise InvalidSetting(
            f"the database URL {hide_password(url)!r} is not understood",
            mend="Write it like postgresql://user:password@host:5432/name, special characters in it as %40.",
            setting="database_url",
        ) from None


def hide_password(url: str) -> str:
    """The URL as people may see it."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    account, at, host = place.rpartition("@")
    user, colon, _ = account.partition(":")
    shown = f"{user}:***" if colon else user
    return _PASSWORD.sub(r"\1***", f"{scheme}{mark}{shown}{at}{host}{slash}{path}")


@contextmanager
def _translated(label: str) -> Iterator[None]:
    """Faults of the database or the way to it become ours; faults of a statement (a bug) stay what they are."""
    try:
        yield
    except _CONFLICTS as error:
        raise TransactionConflict(f"another server was faster on {label}: {_first_line(error)}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError, pg.ReadOnlySqlTransaction) as error:
        line = _first_line(error)
        raise DatabaseUnavailable(
            f"the database {label} failed: {line}",
            mend=_mend_of(line),
            nothing_committed=_NOTHING_COMMITTED in getattr(error, "__notes__", ()),
        ) from error


def _mend_of(line: str) -> str | None:
    """What to do about it where that is known better than in general; a refused log-in has no code of its own."""
    if "authentication failed" in line:
        return (
            "Put the user and the password that it knows into the URL (`--database-url` or `DATABASE_URL`)."
        )
    if "database" in line and "does not exist" in line:
        return "Create it (`createdb`), or correct the name at the end of the URL."
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
