"""The rows of a database as text, and back: from any version's tables into a fresh database of that version's schema.

Recordings are taken from SQLite; they are put back on either database, whose tables have the same columns.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from mainspring.storage.migrate import known_migrations
from mainspring.storage.open import open_database

#: What the migrations themselves write.
_NOT_KEPT = ("migrations",)
#: Parents before those that refer to them.
_FIRST = ("projects", "environments")

Row = dict[str, Any]
Tables = dict[str, list[Row]]


def read_tables(path: Path) -> Tables:
    """All rows of a SQLite database as they are committed, empty columns left out."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        names = [
            name
            for (name,) in connection.execute(
                "select name from sqlite_schema where type = 'table' order by name"
            )
            if not name.startswith("sqlite_") and name not in _NOT_KEPT
        ]
        found = {name: [_row(row) for row in connection.execute(f'select * from "{name}"')] for name in names}
    connection.close()
    return found


def _row(row: sqlite3.Row) -> Row:
    return {column: row[column] for column in row.keys() if row[column] is not None}  # noqa: SIM118 - no mapping


def newest_schema() -> int:
    """The schema that this version writes."""
    return known_migrations("sqlite")[-1].number


def restore(url: str, tables: Tables) -> None:
    """Fills a database that is empty, and at the schema of the recording; `upgrade` then does as to a user's."""
    names = sorted(
        tables, key=lambda name: (name not in _FIRST, _FIRST.index(name) if name in _FIRST else 0, name)
    )
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            for name in names:
                connection.execute(f'delete from "{name}"')
                for row in tables[name]:
                    columns, marks = ", ".join(f'"{c}"' for c in row), ", ".join(f":{c}" for c in row)
                    connection.execute(f'insert into "{name}" ({columns}) values ({marks})', row)
        connection.close()
        return
    with psycopg.connect(url) as postgres:
        for name in names:
            _restore_table(postgres, name, tables[name])


def _restore_table(connection: psycopg.Connection[Any], name: str, rows: list[Row]) -> None:
    if name == "deliveries":  # a sequence there
        connection.execute("select setval('deliveries', %s)", [max(1, rows[0]["last_value"])])
        return
    described = connection.execute(
        "select column_name, data_type, is_identity from information_schema.columns "
        "where table_schema = 'public' and table_name = %s",
        [name],
    ).fetchall()
    booleans = {column for column, kind, _ in described if kind == "boolean"}
    for row in rows:
        connection.execute(
            sql.SQL("insert into {} ({}) overriding system value values ({})").format(
                sql.Identifier(name),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            [bool(value) if column in booleans else value for column, value in row.items()],
        )
    for column in [column for column, _, identity in described if identity == "YES"]:
        connection.execute(
            sql.SQL(
                "select setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 1), max({}) is not null) from {}"
            ).format(name, column, sql.Identifier(column), sql.Identifier(column), sql.Identifier(name))
        )


def migrate_to(url: str, schema: int) -> None:
    """As far as the version that was recorded: newer migrations are left to `upgrade`."""
    database = open_database(url)
    try:
        with database.write() as tx:
            tx.rows("lock_migrations")
            tx.run("create_migrations_table")
            for one in known_migrations(database.dialect):
                if one.number <= schema:
                    tx.script(one.sql)
                    tx.run(
                        "record_migration",
                        number=one.number,
                        name=one.name,
                        checksum=one.checksum,
                        applied_at=0,
                    )
    finally:
        database.close()


def kinds_of(tables: Mapping[str, list[Row]]) -> set[str]:
    """What is there of all that history, tasks, waits and runs can be."""
    found = {f"entry {row['kind']}" for row in tables["history"]}
    found |= {f"task {row['kind']}" for row in tables["tasks"]}
    found |= {f"task status {row['status']}" for row in tables["tasks"]}
    found |= {f"wait {row['kind']}" for row in tables["waits"]}
    return found | {f"run status {row['status']}" for row in tables["runs"]}
