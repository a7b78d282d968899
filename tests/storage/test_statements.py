"""Named statements: found, complete in both dialects, understood by the database, and rightly translated."""

import re
import sqlite3
from collections.abc import Iterator

import pytest

from mainspring.storage.migrate import upgrade
from mainspring.storage.shapes import RUN, STORE_ENTRY
from mainspring.storage.sqlite import SqliteDatabase
from mainspring.storage.statements import (
    POSTGRES,
    SQLITE,
    Statement,
    compile_statement,
    load_statements,
    parse,
)

STATEMENTS = load_statements(SQLITE)


def compiled(sql: str, dialect: object = SQLITE) -> Statement:
    return compile_statement("some", "Some purpose.", sql, dialect)  # type: ignore[arg-type]


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────
def test_both_dialects_have_the_same_statements() -> None:
    assert set(STATEMENTS) == set(load_statements(POSTGRES))


def test_lines_of_history_are_gathered_in_the_order_in_which_both_dialects_take_them() -> None:
    """`Batch.record` makes tuples, and so does nobody else."""
    names = ("environment_id", "run_id", "at", "kind", "task_key", "attempt", "data")
    for dialect in (SQLITE, POSTGRES):
        assert load_statements(dialect)["insert_entry"].parameters == names


def test_both_dialects_take_the_same_values() -> None:
    ours, theirs = STATEMENTS, load_statements(POSTGRES)
    differing = {
        name: (sorted(set(ours[name].parameters)), sorted(set(theirs[name].parameters)))
        for name in ours
        if set(ours[name].parameters) != set(theirs[name].parameters) and ours[name].parameters
    }
    assert differing == {}


def test_no_word_is_left_untranslated() -> None:
    for dialect in (SQLITE, POSTGRES):
        for statement in load_statements(dialect).values():
            assert "{" not in statement.sql, statement
            assert "@" not in statement.sql, statement
            assert "each(" not in statement.sql.replace("json_each(", ""), statement
            assert statement.sql.count(dialect.placeholder) == len(statement.parameters), statement


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    database = SqliteDatabase(None)
    upgrade(database, 0)
    yield database._writer
    database.close()


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_statement_compiles(name: str, connection: sqlite3.Connection) -> None:
    """EXPLAIN has SQLite parse it and resolve every table and column, and runs nothing."""
    statement = STATEMENTS[name]
    connection.execute(f"explain {statement.sql}", [None] * len(statement.parameters)).fetchall()


#: Nothing but the environment is looked up in an index, other than those that have few of its rows.
WALK = re.compile(
    r"INDEX (?!runs_(of_suspicion|held|pinned|unserved|with_slot))(runs|events|history)_\w+ \(environment_id=\?\)"
)
#: Go through all runs of an environment all the same, and belong to no batch of runs: somebody takes the limits of a
#: queue away, looks at the queues, or mends what an audit found.
THOROUGH = {"count_anew", "count_runs", "let_go", "ready_by_queue"}
#: Ask only whether an environment has one in the index.
ASKING = {"claimants"}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_no_statement_goes_through_a_whole_environment(name: str, connection: sqlite3.Connection) -> None:
    """What a batch pays must not grow with the runs and events there are: SQLite, which has no statistics here, takes
    the index of an environment for a good one wherever it finds no better."""
    statement = STATEMENTS[name]
    plan = []
    for sql in (statement.sql, statement.sql_of_one):
        rows = connection.execute(f"explain query plan {sql}", [None] * sql.count("?")).fetchall()
        plan += [row[-1] for row in rows]
    walks = [line for line in plan if WALK.search(line)]
    assert (walks != []) == (name in THOROUGH | ASKING), walks


# ── the words ────────────────────────────────────────────────────────────────────────────────────────
def test_values_are_bound_in_the_order_of_their_places() -> None:
    statement = compiled("select :b, :a, :b from x where y > :a_1")
    assert statement.sql == "select ?, ?, ? from x where y > ?"
    assert statement.parameters == ("b", "a", "b", "a_1")
    assert statement.from_mapping({"a": 1, "b": 2, "a_1": 3, "more": 4}) == (2, 1, 2, 3)


def test_a_single_value_is_still_a_row_of_values() -> None:
    statement = compiled("select :version")
    assert statement.from_mapping({"version": 4}) == (4,)
    assert statement.from_object(STORE_ENTRY.value(("e", "run", "", "k", "1", 7, 9))) == (7,)
    assert compiled("select 1").from_mapping({"a": 1}) == ()


def test_a_missing_value_is_an_error_not_a_null() -> None:
    with pytest.raises(KeyError):
        compiled("select :a, :b").from_mapping({"a": 1})


def test_casts_are_no_values() -> None:
    statement = compiled("select x::text, :a::bigint from y", POSTGRES)
    assert statement.sql == "select x::text, $1::bigint from y"
    assert statement.parameters == ("a",)


def test_shapes_stand_for_their_columns() -> None:
    columns = ", ".join(RUN.columns)
    assert compiled("select {run} from runs").sql == f"select {columns} from runs"
    assert compiled("select {run:r} from runs r").sql.startswith("select r.id, r.environment_id, ")
    inserted = compiled("insert into runs ({run}) values ({:run})")
    assert inserted.parameters == RUN.columns
    with pytest.raises(KeyError):
        compiled("select {unheard_of}")


def test_each_and_locks_are_spelt_by_the_dialect() -> None:
    sql = "select 1 from x where id in each(:ids) @lock"
    assert compiled(sql).sql == "select 1 from x where id in (select value from json_each(?))"
    assert compiled(sql, POSTGRES).sql == "select 1 from x where id = any($1::text[]) for update"
    assert compiled("select 1 @skip_locked", POSTGRES).sql == "select 1 for update skip locked"
    assert compiled("select 1 @skip_locked").sql == "select 1"


def test_a_list_of_one_is_a_plain_value() -> None:
    statement = compiled("select 1 from x where id in each(:ids) and y = :y")
    assert statement.sql_of_one == "select 1 from x where id = ? and y = ?"
    assert compiled("select 1 from json_each(:ids)").sql_of_one == "select 1 from json_each(?)"


def test_many_rows_are_a_table_of_columns() -> None:
    statement = compiled("insert into x (a, b) select * from rows(:a text, :b bigint)", POSTGRES)
    assert statement.takes_all
    assert statement.sql == "insert into x (a, b) select * from unnest($1::text[], $2::bigint[]) r (a, b)"
    assert statement.parameters == ("a", "b")
    whole = compiled("insert into y select * from rows({attempt})", POSTGRES)
    assert whole.sql.endswith("$6::text[]) r (run_id, task_key, number, started_at, finished_at, failure)")
    assert not compiled("select 1", POSTGRES).takes_all


def test_a_file_is_a_row_of_statements() -> None:
    text = "-- name: one\n-- First.\nselect 1;\n\n-- name: two\n-- Second.\nselect\n  2\n"
    assert [(s.name, s.purpose, s.sql) for s in parse(text, SQLITE)] == [
        ("one", "First.", "select 1"),
        ("two", "Second.", "select\n  2"),
    ]
