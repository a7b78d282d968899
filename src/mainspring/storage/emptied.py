"""A database in memory that is emptied again and again: its statements are compiled once, and not for every play."""

from typing import Any

from mainspring.clock import Instant
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase


class EmptiedDatabase(SqliteDatabase):
    """`remember` what is in it; `empty` it to that."""

    def __init__(self, now: Instant) -> None:
        super().__init__(None)
        upgrade(self, now)
        found = self._writer.execute("select name from sqlite_master where type = 'table'")
        self._tables = [str(name) for (name,) in found.fetchall()]
        self._rows: dict[str, list[Any]] = {}

    def remember(self) -> None:
        """From now on an empty one has what is in it now: a few rows."""
        for table in self._tables:
            rows = self._writer.execute(f"select * from {table}").fetchall()
            if rows:
                self._rows[table] = rows

    def empty(self) -> None:
        writer = self._writer
        writer.execute("begin")
        writer.execute("pragma defer_foreign_keys = on")
        for table in self._tables:
            writer.execute(f"delete from {table}")
        for table, rows in self._rows.items():
            marks = ", ".join("?" * len(rows[0]))
            writer.executemany(f"insert into {table} values ({marks})", rows)
        writer.execute("commit")
