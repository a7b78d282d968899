"""From a database URL to a database: the one place that knows which drivers there are."""

from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from mainspring.errors import InvalidSetting
from mainspring.storage.database import Database
from mainspring.storage.sqlite import SqliteDatabase

FORMS = "sqlite:///relative.db, sqlite:////absolute/path.db, postgresql://user:password@host:5432/name"


def open_database(
    url: str, *, synchronous: Literal["FULL", "NORMAL"] = "FULL", is_visitor: bool = False
) -> Database:
    """Opens the database behind `url`; nothing is migrated. A visitor only looks, beside a server or alone.

    Raises `InvalidSetting` for a URL it cannot read, `DatabaseInUse`, `DatabaseTooOld` or
    `DatabaseUnavailable` for a database it cannot use.
    """
    scheme = url.partition(":")[0].lower()
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(url, synchronous)
    if scheme != "sqlite":
        raise _not_understood(url)
    return SqliteDatabase(_path(url), synchronous=synchronous, is_visitor=is_visitor)


def _open_postgres(url: str, synchronous: Literal["FULL", "NORMAL"]) -> Database:
    try:
        # Here and not at the top: the driver is an extra, SQLite needs nothing.
        from mainspring.storage.postgres import PostgresDatabase
    except ImportError as error:
        raise InvalidSetting(
            f"PostgreSQL needs a driver that is not installed ({error.name})",
            mend='Install it: pip install "mainspring[postgres]".',
        ) from error
    return PostgresDatabase(url, synchronous=synchronous)


def _path(url: str) -> Path | None:
    """`sqlite:///a.db` is relative, `sqlite:////a.db` absolute, `sqlite://` in memory."""
    rest = url.removeprefix("sqlite:")
    if rest in ("//", "///", "///:memory:"):
        return None
    if not rest.startswith("///") or "?" in rest:  # options would else end up in the file's name
        raise _not_understood(url)
    return Path(unquote(rest[3:]))


def _not_understood(url: str) -> InvalidSetting:
    return InvalidSetting(
        f"the database URL {_hidden(url)!r} is not understood", mend=f"Write one of: {FORMS}."
    )


def _hidden(url: str) -> str:
    """The URL without its password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable)"
    return url if parts.password is None else url.replace(f":{parts.password}@", ":***@")
