"""PostgreSQL through psycopg 3: one writing connection per server, a pool of readers, made anew when they break.

Every decision is read and written under row locks on one connection in READ COMMITTED; the run's row is the
lock for all that belongs to the run. Hot statements are planned for their values each time: a generic plan
made while a table was young stays a sequential scan for ever.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import errors as pg
from psycopg_pool import ConnectionPool, PoolTimeout

from mainspring.errors import DatabaseTooOld, DatabaseUnavailable, TransactionConflict
from mainspring.storage.statements import POSTGRES, Statement, load_statements

OLDEST_VERSION = 140000
READERS = 8
CONNECT_TIMEOUT = 5
#: What the server is told about our connections: a stuck peer or lock must not hold us for ever.
_SESSION = (
    "-c plan_cache_mode=force_custom_plan -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s "
    "-c timezone=UTC"
)
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

Synchronous = Literal["FULL", "NORMAL"]
Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresTransaction:
    """Named statements on one connection."""

    def __init__(self, connection: Connection, statements: dict[str, Statement]) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._statements = statements

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        self._run(statement, values)
        return self._cursor.fetchall()

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        self._run(statement, values)
        return self._cursor.fetchone()

    def run(self, statement: str, **values: Any) -> int:
        self._run(statement, values)
        return self._cursor.rowcount

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        if not batch:
            return 0
        found = self._statements[statement]
        pick = found.from_mapping if isinstance(batch[0], Mapping) else found.from_object
        self._cursor.executemany(found.sql, [pick(row) for row in batch])
        return self._cursor.rowcount

    def together(self) -> AbstractContextManager[object]:
        return self._connection.pipeline()

    def script(self, sql: str) -> None:
        self._cursor.execute(sql)

    def _run(self, statement: str, values: dict[str, Any]) -> None:
        found = self._statements[statement]
        self._cursor.execute(found.sql, found.from_mapping(values))


class PostgresDatabase:
    """One PostgreSQL database. Connections are opened when they are first needed."""

    dialect = "postgres"

    def __init__(self, url: str, *, synchronous: Synchronous = "FULL") -> None:
        self._url = url
        self._options = _SESSION + (" -c synchronous_commit=off" if synchronous == "NORMAL" else "")
        self._statements = load_statements(POSTGRES)
        self._write_lock = threading.RLock()
        self._writer: Connection | None = None
        self.label = hide_password(url)
        self._readers = ConnectionPool(
            url,
            kwargs=self._connection_options(),
            min_size=0,
            max_size=READERS,
            timeout=CONNECT_TIMEOUT,
            open=False,
            check=ConnectionPool.check_connection,
            name="mainspring-readers",
        )

    @contextmanager
    def write(self) -> Iterator[PostgresTransaction]:
        with self._write_lock, _translated(self.label):
            connection = self._open_writer()
            try:
                with connection.transaction():
                    yield PostgresTransaction(connection, self._statements)
            finally:
                if connection.broken or connection.closed:
                    self._writer = None

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        with _translated(self.label):
            if self._readers.closed:
                self._readers.open()
            with self._readers.connection() as connection:
                connection.set_read_only(True)
                with connection.transaction():
                    yield PostgresTransaction(connection, self._statements)

    def close(self) -> None:
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._readers.close()

    def _open_writer(self) -> Connection:
        if self._writer is None:
            self._writer = psycopg.connect(self._url, **self._connection_options())
            check_version(self._writer.info.server_version)
        return self._writer

    def _connection_options(self) -> dict[str, Any]:
        return {
            "autocommit": True,  # transactions are opened where they are meant
            "connect_timeout": CONNECT_TIMEOUT,
            "options": self._options,
            "application_name": "mainspring",
            **_KEEPALIVE,
        }


def check_version(version: int) -> None:
    """Raises `DatabaseTooOld` for a server older than 14."""
    if version < OLDEST_VERSION:
        raise DatabaseTooOld(
            f"PostgreSQL {version // 10000} is too old: {OLDEST_VERSION // 10000} or newer is needed",
            mend="Upgrade the database server.",
        )


def hide_password(url: str) -> str:
    """The URL as people may see it."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    place = f"{parts.username or ''}:***@{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    return urlunsplit(parts._replace(netloc=place))


@contextmanager
def _translated(label: str) -> Iterator[None]:
    """Faults of the database or the way to it become ours; faults of a statement (a bug) stay what they are."""
    try:
        yield
    except (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable) as error:
        raise TransactionConflict(f"another server was faster on {label}: {_first_line(error)}") from error
    except PoolTimeout as error:
        raise DatabaseUnavailable(
            f"the database {label} did not answer within {CONNECT_TIMEOUT} s"
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, pg.ReadOnlySqlTransaction) as error:
        raise DatabaseUnavailable(f"the database {label} failed: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
