"""What PostgreSQL plans while it knows nothing of the tables: what is known by its key is looked up by its key.

A plan made on empty tables serves until they are large, and a table that was analyzed while nobody waited is taken for
one where nobody ever does: then "all that are pending" seems as good a way to one run as its id.
"""

import re
from collections.abc import Iterator

import psycopg
import pytest

import postgres
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.storage.postgres import _SESSION, _WRITING
from mainspring.storage.statements import POSTGRES, load_statements

STATEMENTS = load_statements(POSTGRES)
#: Indexes that hold what many runs and events have in common, and who goes through one of them on purpose.
_COMMON = {
    "runs_by_status": {
        *("count_standing", "count_standing_of_job"),
        *("debounced_runs", "let_go", "newest_of_status"),
    },
    "runs_by_environment": {"newest_of_all", "newest_of_event", "newest_of_leased"},
    "runs_by_job": {
        *("audit_ended", "count_anew"),
        *("count_newest_of_job", "last_runs_of_job", "newest_of_job", "recent_durations"),
    },
    "runs_leased": {
        *("count_leases", "count_leases_of_environment", "count_running", "held_run", "held_suspect"),
        *("list_workers", "running_by_queue", "runs_of_workers"),
    },
    "events_due": {"any_event", "due_events", "next_event_at"},
    "events_by_name": {"any_event", "audit_events_named", "early_events", "events_named"},
}
_WALK = re.compile(r"Index (?:Only )?Scan (?:Backward )?using (\w+) on (runs|tasks|waits|events)\b")


@pytest.fixture(scope="module")
def connection() -> Iterator["psycopg.Connection[tuple[str]]"]:
    with postgres.server().database(is_migrated=False) as url:  # no table was ever large
        database = open_database(url)
        upgrade(database, 0)
        database.close()
        with psycopg.connect(url, autocommit=True, options=f"{_SESSION} {_WRITING}") as opened:
            yield opened


def _plan_of(name: str, connection: "psycopg.Connection[tuple[str]]") -> list[str]:
    statement = STATEMENTS[name]
    connection.execute(f"prepare planned as {statement.sql}")
    try:
        values = ", ".join(["null"] * len(statement.parameters))
        asked = f"explain (costs off) execute planned{f'({values})' if values else ''}"
        return [row[0] for row in connection.execute(asked)]
    finally:
        connection.execute("deallocate planned")


_PLANNED = sorted(
    name
    for name, statement in STATEMENTS.items()
    if re.search(r"^(select|insert|update|delete|with)\b", statement.sql, re.MULTILINE)
)


@pytest.mark.parametrize("name", _PLANNED)
def test_nothing_known_by_its_key_is_looked_for_among_all(
    name: str, connection: "psycopg.Connection[tuple[str]]"
) -> None:
    plan = _plan_of(name, connection)
    used = {index for index in _COMMON if any(re.search(rf"\b{index}\b", line) for line in plan)}
    assert {index for index in used if name not in _COMMON[index]} == set(), "\n".join(plan)


@pytest.mark.parametrize(
    "name", [name for name in _PLANNED if not name.startswith(("audit", "next_", "list_"))]
)
def test_no_index_is_gone_through_from_end_to_end(
    name: str, connection: "psycopg.Connection[tuple[str]]"
) -> None:
    """`waits_for_several` once went through all waits there are, at each end of a run."""
    plan = _plan_of(name, connection)
    whole = [
        line
        for line, condition in zip(plan, [*plan[1:], ""], strict=True)
        if (found := _WALK.search(line)) and found[1].endswith("_pkey") and "Index Cond" not in condition
    ]
    assert whole == [], "\n".join(plan)
