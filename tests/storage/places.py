"""The databases that the conformance suite runs on: each is a place where one can be opened, closed, opened again."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import postgres
from mainspring.model.store import StoreEntry
from mainspring.storage.database import Database, Transaction
from mainspring.storage.open import open_database
from mainspring.storage.shapes import STORE_ENTRY


class Place(Protocol):
    """Where one database lives."""

    #: What was committed is there when it is opened again.
    is_kept: bool
    #: Readers go on while a transaction is being written; otherwise they wait for its end.
    readers_go_on: bool

    def open(self) -> Database:
        """Opens it; nothing is migrated."""
        ...

    def close(self) -> None:
        """Closes whatever was opened."""
        ...


class _Sqlite:
    is_kept = False
    readers_go_on = False
    url = "sqlite://"

    def __init__(self, folder: Path) -> None:
        self._opened: list[Database] = []

    def open(self) -> Database:
        database = open_database(self.url)
        self._opened.append(database)
        return database

    def close(self) -> None:
        for database in self._opened:
            database.close()


class SqliteInMemory(_Sqlite):
    """SQLite without a file."""


class SqliteFile(_Sqlite):
    """SQLite as it is used."""

    is_kept = True
    readers_go_on = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"sqlite:///{folder / 'kept.db'}"


class Postgres:
    """PostgreSQL: a database without a single table."""

    is_kept = True
    readers_go_on = True

    def __init__(self, folder: Path) -> None:
        self._opened: list[Database] = []
        self._ending = ExitStack()
        self.url = self._ending.enter_context(postgres.server().database(is_migrated=False))

    def open(self) -> Database:
        database = open_database(self.url)
        self._opened.append(database)
        return database

    def close(self) -> None:
        for database in self._opened:
            database.close()
        self._ending.close()


PLACES: dict[str, Callable[[Path], Place]] = {
    "postgres": Postgres,
    "sqlite-file": SqliteFile,
    "sqlite-memory": SqliteInMemory,
}


# ── something small to keep: entries of the store ────────────────────────────────────────────────────
def entry(key: str, value: str = "1", version: int = 1) -> StoreEntry:
    return StoreEntry("env_1", "environment", "", key, value, version, 1_000)


def save(tx: Transaction, *entries: StoreEntry) -> int:
    return tx.run_many("save_store_entry", entries)


def find(tx: Transaction, *keys: str) -> dict[str, StoreEntry]:
    rows = tx.rows(
        "find_store_entries", environment_id="env_1", scope="environment", owner="", keys=list(keys)
    )
    return {found.key: found for found in STORE_ENTRY.values(rows)}


def keys_in(database: Database) -> list[str]:
    """Every key that a reader sees."""
    with database.read() as tx:
        rows = tx.rows(
            "list_store",
            environment_id="env_1",
            scope="environment",
            owner="",
            after="",
            prefix="",
            limit=100_000,
        )
    return [found.key for found in STORE_ENTRY.values(rows)]
