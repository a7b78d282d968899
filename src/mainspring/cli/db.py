"""`db`: the database's schema, seen and brought up to date without a server."""

from pathlib import Path
from typing import Any

import typer

from mainspring.cli import options, output
from mainspring.errors import DatabaseUnavailable
from mainspring.settings import load_settings

db = typer.Typer(help="The database: status, upgrade.", no_args_is_help=True)


@db.command("status")
def db_status(
    data_dir: options.DataDir = None, database_url: options.DatabaseUrl = None, as_json: options.Json = False
) -> None:
    """Show which schema the database has and what an upgrade would apply."""
    found = status_of(database_url_of(data_dir, database_url))
    if as_json:
        return output.document(found)
    output.facts(
        [
            ("database", found["database"]),
            ("version", found["version"]),
            ("schema", f"{found['current']} of {found['newest']}"),
            ("pending", "\n".join(found["pending"]) or "nothing"),
        ]
    )
    if found["pending"]:
        output.say("Run `mainspring db upgrade` (a server does it by itself when it starts).")


@db.command("upgrade")
def db_upgrade(
    data_dir: options.DataDir = None, database_url: options.DatabaseUrl = None, as_json: options.Json = False
) -> None:
    """Bring the database to the schema this version needs; run again, it does nothing."""
    from mainspring.clock import SystemClock  # start-up cost: `--help` needs no database
    from mainspring.storage.migrate import upgrade
    from mainspring.storage.open import open_database

    database = open_database(database_url_of(data_dir, database_url))
    try:
        applied = upgrade(database, SystemClock().now())
        label = database.label
    finally:
        database.close()
    if as_json:
        return output.document({"database": label, "applied": applied})
    for name in applied:
        output.data(f"applied {name}")
    output.say(f"{label} is up to date")


def database_url_of(data_dir: Path | None, database_url: str | None) -> str:
    """The database that a server started here, with these flags, would use."""
    return load_settings({"data_dir": data_dir, "database_url": database_url}).database


def require_database(url: str) -> None:
    """Raises `DatabaseUnavailable` for a SQLite file that is not there: looking at it would make it."""
    path = url.removeprefix("sqlite:///")
    if path != url and path and not Path(path).exists():
        raise DatabaseUnavailable(
            f"there is no database at {path} yet",
            mend="`mainspring dev` or `mainspring db upgrade` makes it.",
        )


def status_of(url: str) -> dict[str, Any]:
    """Database, version, applied and newest schema, pending migrations. DatabaseUnavailable when there is none."""
    from mainspring.storage.migrate import status  # start-up cost, as above
    from mainspring.storage.open import open_database

    require_database(url)
    database = open_database(url, is_visitor=True)
    try:
        found = status(database)
        with database.read() as tx:
            version = tx.row("database_version")
        return {
            "database": database.label,
            "version": version[0] if version else "",
            "current": found.current,
            "newest": found.newest,
            "pending": found.pending,
        }
    finally:
        database.close()
