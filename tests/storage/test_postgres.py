"""What only PostgreSQL has: URLs that are shown without their password, versions, servers beside one another."""

import threading

import psycopg
import pytest

import postgres
from mainspring.errors import DatabaseTooOld, DatabaseUnavailable, InvalidSetting, TransactionConflict
from mainspring.storage.database import Database
from mainspring.storage.migrate import known_migrations, upgrade
from mainspring.storage.open import open_database
from mainspring.storage.postgres import check_version, hide_password
from mainspring.storage.statements import POSTGRES, load_statements


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:secret@db:5432/shop", "postgresql://ada:***@db:5432/shop"),
        ("postgresql://ada:sec:ret@db/shop?sslmode=require", "postgresql://ada:***@db/shop?sslmode=require"),
        ("postgresql://ada:secret@[::1]:5432/shop", "postgresql://ada:***@[::1]:5432/shop"),
        ("postgresql:///shop?user=ada&password=secret", "postgresql:///shop?user=ada&password=***"),
        ("postgresql://ada@db/shop", "postgresql://ada@db/shop"),
        ("postgresql://db", "postgresql://db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert hide_password(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hush@db:port/shop",
        "postgresql://ada:hush@db/shop?nonsense=1",
        "postgresql://ada:hush%zz@db/shop",
    ],
)
def test_a_url_that_the_driver_cannot_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidSetting, match="is not understood") as caught:
        open_database(url)
    assert "hush" not in str(caught.value)


def test_a_server_before_14_is_too_old() -> None:
    check_version(140000)
    with pytest.raises(DatabaseTooOld, match="PostgreSQL 13 is too old: 14"):
        check_version(130012)


def test_a_wrong_password_is_told_and_not_shown() -> None:
    server = postgres.server()
    if not isinstance(server, postgres.OwnServer):
        pytest.skip("who may log in to a server that is not ours is not for us to say")
    database = open_database(server.url_of("nowhere").replace("postgres@", "nobody:hush@", 1))
    with pytest.raises(DatabaseUnavailable, match="nobody") as caught, database.read():
        pass
    assert "hush" not in str(caught.value)


def test_servers_that_migrate_side_by_side_migrate_once() -> None:
    with postgres.server().database(is_migrated=False) as url:
        databases = [open_database(url) for _ in range(4)]
        outcomes: list[object] = []

        def start(number: int) -> None:
            try:
                outcomes.append(upgrade(databases[number], 0))
            except Exception as error:
                outcomes.append(error)

        threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for database in databases:
            database.close()
    names = [migration.name for migration in known_migrations("postgres")]
    assert sorted(outcomes, key=str) == sorted([names, [], [], []], key=str)


def test_two_who_write_what_only_one_may_are_a_conflict_to_be_looked_at_again() -> None:
    with postgres.server().database() as url:
        database = open_database(url)
        with database.write() as tx:
            tx.run("insert_project", id="proj_1", name="one", now=1)
        with pytest.raises(TransactionConflict), database.write() as tx:
            tx.run("insert_project", id="proj_1", name="two", now=1)
        database.close()


def write_and_fail(database: Database, row: dict[str, object]) -> None:
    with database.write() as tx, tx.together():
        tx.run("insert_project", id="proj_1", name=None, now=1)
        tx.run_many("insert_batch_run", [row])


def test_statements_that_a_failed_batch_took_with_it_can_be_sent_again() -> None:
    """They were on their way to be made known by name when one before them failed."""
    with postgres.server().database() as url:
        database = open_database(url)
        row = {"environment_id": "env_1", "batch_id": "bat_1", "number": 1, "run_id": "run_1"}
        with pytest.raises(psycopg.errors.NotNullViolation):
            write_and_fail(database, row)
        with database.write() as tx:
            tx.run("insert_project", id="proj_1", name="one", now=1)
            assert tx.run_many("insert_batch_run", [row, {**row, "number": 2}]) == 2
            assert tx.row("find_project", name="one") == ("proj_1",)
        database.close()


def test_more_than_any_buffer_takes_goes_both_ways() -> None:
    """Neither side waits for the other to read while both are writing."""
    with postgres.server().database() as url:
        database = open_database(url)
        keys = [f"key-{number}-{'x' * 1000}" for number in range(20_000)]
        with database.read() as tx:
            answers = tx.ask(*[("known_runs", {"environment_id": "env_1", "ids": keys})] * 3)
        database.close()
    assert answers == [[], [], []]


def test_what_postgres_cannot_keep_is_refused_whole() -> None:
    with postgres.server().database() as url:
        database = open_database(url)
        with pytest.raises(psycopg.DataError, match="NUL"), database.write() as tx:
            tx.run("insert_project", id="proj_1", name="o\0ne", now=1)
        with database.write() as tx:
            assert tx.row("find_project", name="o") is None
        database.close()


def test_postgres_understands_every_statement() -> None:
    """Every table, column and kind of value is resolved, and nothing runs."""
    with postgres.server().database() as url, psycopg.connect(url, autocommit=True) as connection:
        for statement in load_statements(POSTGRES).values():
            if statement.parameters:
                connection.execute(f"prepare {statement.name} as {statement.sql}".encode())


def test_connections_are_known_by_their_name() -> None:
    with postgres.server().database() as url:
        database = open_database(url)
        with database.write() as tx, psycopg.connect(url) as beside:
            tx.row("find_project", name="one")
            seen = beside.execute(
                "select count(*) from pg_stat_activity "
                "where datname = current_database() and application_name = 'mainspring'"
            ).fetchone()
        database.close()
    assert seen == (1,)
