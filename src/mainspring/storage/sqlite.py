"""SQLite: one writer connection, a pool of readers, one owning process.

WAL lets readers go on beside the writer; `synchronous=FULL` makes every acknowledged commit survive a power
cut. A lock file keeps a second server process out: two writers would fight for the same runs.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import chain, islice, repeat
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Literal

from mainspring.errors import DatabaseTooOld, DatabaseUnavailable
from mainspring.storage.database import Question
from mainspring.storage.filelock import FileLock
from mainspring.storage.statements import SQLITE, Statement, load_statements

#: STRICT tables came with 3.37, RETURNING with 3.35.
OLDEST_VERSION = (3, 37, 0)
LIBRARY_VERSION = sqlite3.sqlite_version_info
READERS = 4
BUSY_TIMEOUT_MS = 5_000
#: Pages of the file that a connection keeps (KiB). What a batch needs is near, so four times as many gain nothing on
#: half a gigabyte, and a process would grow with them.
CACHE_KIB = 16_384
#: How many rows one insert takes.
_PORTIONS = (32, 16, 8, 4, 2, 1)

# The driver looks for a way to adapt every None and every bool that it binds, and raises and drops an AttributeError
# on the way: longer than it takes to bind them. Told of one, it looks no further.
sqlite3.register_adapter(type(None), {None: None}.__getitem__)  # and calls no function of ours
sqlite3.register_adapter(bool, int)

Synchronous = Literal["FULL", "NORMAL"]


def check_version(version: tuple[int, ...] = LIBRARY_VERSION) -> None:
    """Raises `DatabaseTooOld` when the SQLite that Python was built with is too old."""
    if version < OLDEST_VERSION:
        found, needed = (".".join(map(str, v)) for v in (version, OLDEST_VERSION))
        raise DatabaseTooOld(
            f"SQLite {found} is too old: {needed} or newer is needed",
            mend="Use a Python built with a newer SQLite.",
        )


class SqliteTransaction:
    """Named statements on one connection."""

    def __init__(self, connection: sqlite3.Connection, statements: dict[str, Statement]) -> None:
        self._cursor = connection.cursor()
        self._connection = connection
        self._statements = statements

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._run(statement, values).fetchall()

    def row(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._run(statement, values).fetchone()
        return found

    def ask(self, *questions: Question) -> list[list[tuple[Any, ...]]]:
        return [self.rows(statement, **values) for statement, values in questions]

    def run(self, statement: str, **values: Any) -> int:
        return self._run(statement, values).rowcount

    def run_many(self, statement: str, batch: Sequence[Any]) -> int:
        if not batch:
            return 0
        found = self._statements[statement]
        pick = found.picker_for(batch[0])
        if found.around_row is None:
            return self._cursor.executemany(found.sql, map(pick, batch)).rowcount
        if len(batch) == 1:
            return self._cursor.execute(_of_many(found.around_row, 1), pick(batch[0])).rowcount
        changed = 0
        rows = iter(batch)
        for count in _portions(len(batch)):
            values = chain.from_iterable(map(pick, islice(rows, count)))
            changed += self._cursor.execute(_of_many(found.around_row, count), tuple(values)).rowcount
        return changed

    def together(self) -> AbstractContextManager[object]:
        return nullcontext()  # there is no way to go

    def be_alone(self) -> None:
        """It is: there is one writer."""

    def script(self, sql: str) -> None:
        for part in _split(sql):
            self._cursor.execute(part)

    def _run(self, statement: str, values: dict[str, Any]) -> sqlite3.Cursor:
        found = self._statements[statement]
        sql = found.sql
        lists = [name for name, value in values.items() if isinstance(value, (list, tuple))]
        if found.sql_of_one is not sql and all(len(values[name]) == 1 for name in lists):
            sql = found.sql_of_one
            for name in lists:
                (values[name],) = values[name]
        else:
            for name in lists:  # each(:name) reads JSON here
                values[name] = json.dumps(values[name])
        return self._cursor.execute(sql, found.from_mapping(values))


def _portions(count: int) -> Iterator[int]:
    """`count` as a sum of few sizes, so that few texts of each statement need be prepared."""
    for size in _PORTIONS:
        yield from repeat(size, count // size)
        count %= size


@cache
def _of_many(around_row: tuple[str, str, str], count: int) -> str:
    """The statement for so many rows at once. Each call of the driver lets another thread have its turn, and
    one call for each row would have the committer queue for its own again and again."""
    head, row, tail = around_row
    return head + ", ".join(repeat(row, count)) + tail


def _split(sql: str) -> Iterator[str]:
    """The statements of a script, one by one, so that they run inside the open transaction."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


class SqliteDatabase:
    """A database file, or one in memory when `path` is None (then readers share the writer's connection).

    `is_visitor`: it only looks and takes no lock, so it may be opened beside the server that owns the file; it
    makes no file where there is none.
    """

    dialect = "sqlite"

    def __init__(
        self, path: Path | None, *, synchronous: Synchronous = "FULL", is_visitor: bool = False
    ) -> None:
        check_version()
        self._path = path
        self._is_visitor = is_visitor
        self._synchronous = synchronous
        self._statements = load_statements(SQLITE)
        self._write_lock = threading.RLock()
        self._lock: FileLock | None = None
        #: Idle readers; None tells whoever waits for one that the database was closed.
        self._readers: LifoQueue[sqlite3.Connection | None] = LifoQueue()
        self._readers_lock = threading.Lock()
        self._open_readers = 0
        self._closed = False
        self.label = f"sqlite:///{path}" if path else "sqlite in memory"
        if path is not None and not is_visitor:
            _make_folder(path)
            real = path.resolve()  # or a link to the file would be a second way in
            self._lock = FileLock(real.with_name(real.name + ".lock"), what=str(path))
        try:
            self._writer = self._connect()
        except BaseException:
            self._release_lock()
            raise

    def copy_in_memory(self) -> "SqliteDatabase":
        """A database of its own in memory, with all that this one holds now."""
        copy = SqliteDatabase(None, synchronous=self._synchronous)
        with self._write_lock:
            self._check_open()
            self._writer.backup(copy._writer)
        return copy

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        with self._write_lock, _translated(self.label):
            self._check_open()
            self._writer.execute(self._statements["begin_writing"].sql)
            try:
                yield SqliteTransaction(self._writer, self._statements)
                self._writer.execute(self._statements["commit"].sql)
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("rollback")
                raise

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        if self._path is None:
            with self._write_lock, _translated(self.label):
                self._check_open()
                self._writer.execute("pragma query_only = on")
                try:
                    yield SqliteTransaction(self._writer, self._statements)
                finally:
                    self._writer.execute("pragma query_only = off")
            return
        with _translated(self.label):
            connection = self._reader()
            try:
                connection.execute(self._statements["begin_reading"].sql)
                yield SqliteTransaction(connection, self._statements)
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
                self._put_back(connection)

    def close(self) -> None:
        with self._write_lock:
            if self._closed:
                return
            with self._readers_lock:
                self._closed = True
                while not self._readers.empty():
                    reader = self._readers.get()
                    if reader is not None:
                        reader.close()
                self._readers.put(None)
            self._writer.close()
            self._release_lock()

    def _check_open(self) -> None:
        if self._closed:
            raise DatabaseUnavailable(f"the database {self.label} was closed")

    def _reader(self) -> sqlite3.Connection:
        """An idle reader, a new one while there are few, or the first that is given back."""
        try:
            reader = self._readers.get_nowait()
        except Empty:
            with self._readers_lock:
                opens = self._open_readers < READERS and not self._closed
                self._open_readers += opens
            reader = self._open_reader() if opens else self._readers.get()
        if reader is None:
            self._readers.put(None)
            self._check_open()
            raise AssertionError("only a closed database has no readers")
        return reader

    def _open_reader(self) -> sqlite3.Connection:
        try:
            reader = self._connect()
            reader.execute("pragma query_only = on")
        except BaseException:  # or the pool would count a reader that nobody ever gives back
            with self._readers_lock:
                self._open_readers -= 1
            raise
        return reader

    def _put_back(self, reader: sqlite3.Connection) -> None:
        with self._readers_lock:
            if not self._closed:
                self._readers.put(reader)
                return
        reader.close()

    def _connect(self) -> sqlite3.Connection:
        with _translated(self.label):
            connection = sqlite3.connect(
                self._address(),
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
                timeout=BUSY_TIMEOUT_MS / 1000,
            )
            try:
                connection.execute("pragma journal_mode = wal")
                connection.execute(f"pragma synchronous = {self._synchronous}")
                connection.execute("pragma temp_store = memory")
                connection.execute(f"pragma cache_size = -{CACHE_KIB}")
            except BaseException:
                connection.close()
                raise
            return connection

    def _address(self) -> str:
        if self._path is None:
            return ":memory:"
        mode = "rw" if self._is_visitor else "rwc"
        return f"{self._path.absolute().as_uri()}?mode={mode}"

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


@contextmanager
def _translated(label: str) -> Iterator[None]:
    """Faults of the database itself become ours; faults of a statement (a bug) stay what they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # The statement is wrong, not the database; errors of the driver's own have no code.
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
            raise
        raise DatabaseUnavailable(f"the database {label} failed: {error}") from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise DatabaseUnavailable(
            f"the file behind {label} is not a usable SQLite database: {error}"
        ) from error


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        exists = path.exists()
    except OSError as error:
        raise DatabaseUnavailable(f"the folder of {path} cannot be used: {error.strerror}") from error
    if exists and not os.access(path, os.W_OK):
        raise DatabaseUnavailable(f"the database {path} is not writable", mend="Check its owner and mode.")
