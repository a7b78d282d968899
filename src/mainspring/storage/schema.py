"""The schema on one page: what all migrations together come to, so that a reader need not add them up.

`python -m mainspring.storage.schema` writes the page anew; a test compares it.
"""

import re
from pathlib import Path

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase

PAGE = Path(__file__).with_name("schema.sqlite.sql")
#: Where a column begins that was added later.
_ADDED = re.compile(r"\n?, (?=\w+ (?:integer|bigint|text|real|blob)\b)")
_HEADER = "-- Written by `python -m mainspring.storage.schema` from the migrations: change those, not this."


def page_of(database: Database) -> str:
    """The tables and indexes of a migrated database, as text."""
    with database.read() as tx:
        # A column that was added later gets a line of its own, like those it came to.
        objects = [_ADDED.sub(",\n    ", sql.strip()) for _, _, sql in tx.rows("schema_objects")]
    return "\n\n".join([_HEADER, *(f"{sql};" for sql in objects)]) + "\n"


def current_page() -> str:
    """The page as the migrations of this version make it."""
    database = SqliteDatabase(None)
    try:
        upgrade(database, 0)
        return page_of(database)
    finally:
        database.close()


if __name__ == "__main__":
    PAGE.write_text(current_page(), encoding="utf-8")
