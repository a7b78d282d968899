"""Brings a database to the schema this version needs: numbered files, each once, under a lock.

A file that changed after it was applied is refused (its checksum is kept), and so is a database that a newer
version has migrated. A migration and its record are one transaction: an interrupted upgrade runs again.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from mainspring.clock import Instant
from mainspring.errors import MigrationChanged, SchemaOutdated, SchemaTooNew
from mainspring.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    #: Number of the newest applied migration, 0 for an empty database.
    current: int
    #: Number of the newest one this version knows.
    newest: int
    #: Names of those still to apply, in order.
    pending: list[str]


def known_migrations(dialect: str) -> list[Migration]:
    """The migrations of a dialect in order."""
    folder = files("mainspring.storage") / "migrations" / dialect
    found = [
        Migration(int(f.name[:4]), f.name.removesuffix(".sql"), f.read_text("utf-8"))
        for f in folder.iterdir()
        if f.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def status(database: Database) -> MigrationStatus:
    """What is applied and what is pending; raises `SchemaTooNew` or `MigrationChanged`."""
    with database.read() as tx:
        return _compare(known_migrations(database.dialect), _applied(tx))


def upgrade(database: Database, now: Instant) -> list[str]:
    """Applies what is pending; returns the names. Running it again, or side by side, does no harm."""
    known = known_migrations(database.dialect)
    applied: list[str] = []
    with database.write() as tx:
        tx.rows("lock_migrations")
        tx.run("create_migrations_table")
        pending = _compare(known, _applied(tx)).pending
        for migration in known:
            if migration.name in pending:
                tx.script(migration.sql)
                tx.run(
                    "record_migration",
                    number=migration.number,
                    name=migration.name,
                    checksum=migration.checksum,
                    applied_at=now,
                )
                applied.append(migration.name)
    return applied


def require_current(database: Database) -> None:
    """Raises `SchemaOutdated` when migrations are pending."""
    found = status(database)
    if found.pending:
        raise SchemaOutdated(
            f"the database {database.label} needs {len(found.pending)} migration(s): {', '.join(found.pending)}"
        )


def _applied(tx: Transaction) -> dict[int, tuple[str, str]]:
    if tx.row("find_migrations_table") is None:
        return {}
    return {number: (name, checksum) for number, name, checksum in tx.rows("list_migrations")}


def _compare(known: list[Migration], applied: dict[int, tuple[str, str]]) -> MigrationStatus:
    newest = known[-1].number
    current = max(applied, default=0)
    if current > newest:
        raise SchemaTooNew(f"the database is at schema {current}, this version knows up to {newest}")
    for migration in known:
        found = applied.get(migration.number)
        if found is not None and found[1] != migration.checksum:
            raise MigrationChanged(
                f"migration {found[0]} was applied with other content than this version ships"
            )
    return MigrationStatus(current, newest, [m.name for m in known if m.number not in applied])
