"""A database in memory that is emptied again and again: its statements are compiled once, and not for every play."""

from typing import Any

from mainspring.clock import Instant
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase

#: Rows by table.
Rows = dict[str, list[Any]]


class EmptiedDatabase(SqliteDatabase):
    """`empty` it to what was once in it."""

    def __init__(self, now: Instant) -> None:
        super().__init__(None)
        upgrade(self, now)
        found = self._writer.execute("select name from sqlite_master where type = 'table'")
        self._tables = [str(name) for (name,) in found.fetchall()]

    def contents(self) -> Rows:
        """All that is in it, by table: a few rows."""
        found = {table: self._writer.execute(f"select * from {table}").fetchall() for table in self._tables}
        return {table: rows for table, rows in found.items() if rows}

    def empty(self, to: Rows) -> None:
        """Nothing is in it but these rows."""
        writer = self._writer
        writer.execute("begin")
        writer.execute("pragma defer_foreign_keys = on")
        for table in self._tables:
            writer.execute(f"delete from {table}")
        for table, rows in to.items():
            marks = ", ".join("?" * len(rows[0]))
            writer.executemany(f"insert into {table} values ({marks})", rows)
        writer.execute("commit")
