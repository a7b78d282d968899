"""The schema page is what the migrations come to."""

import re

from mainspring.storage.schema import PAGE, current_page, page_of
from mainspring.storage.shapes import SHAPES
from mainspring.storage.sqlite import SqliteDatabase

#: Where each shape's rows are kept.
TABLES = {
    "run": "runs",
    "task": "tasks",
    "attempt": "attempts",
    "wait": "waits",
    "event": "events",
    "approval": "approvals",
    "approval_answer": "approval_answers",
    "approval_person": "approval_people",
    "breaker": "breakers",
    "token": "tokens",
    "bulk": "bulks",
    "entry": "history",
    "error": "errors",
    "error_change": "error_changes",
    "log": "logs",
    "schedule": "schedules",
    "queue": "queues",
    "queue_key": "queue_keys",
    "store_entry": "store_entries",
    "worker": "workers",
}


def test_the_page_equals_the_migrations() -> None:
    assert PAGE.read_text("utf-8") == current_page(), "run: python -m mainspring.storage.schema"


def test_an_empty_database_has_an_empty_page() -> None:
    database = SqliteDatabase(None)
    assert "create" not in page_of(database).lower()
    database.close()


def test_every_shape_has_a_table_with_its_columns() -> None:
    """Statements name no column twice; a field without a column would show only when it is used."""
    page = current_page().lower()
    for name, shape in SHAPES.items():
        definition = page.partition(f"create table {TABLES[name]} (")[2].partition(") strict")[0]
        # Columns that a later migration added stand behind the last one, on its line.
        columns = [part.split()[0] for part in re.split(r",(?![^(]*\))", definition) if part.strip()]
        assert set(shape.columns) <= set(columns), name
        assert set(columns) - set(shape.columns) <= {
            "sequence",
            "primary",
            "delivery",
            "heard_from",
            "error_id",
        }, name
