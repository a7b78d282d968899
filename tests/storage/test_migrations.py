"""Migrations: each once, whole or not at all, whoever starts them and however often they are stopped."""

import threading
from collections.abc import Callable

import pytest

from mainspring.errors import MigrationChanged, SchemaOutdated, SchemaTooNew
from mainspring.storage import migrate
from mainspring.storage.database import Database
from mainspring.storage.migrate import Migration, known_migrations, require_current, status, upgrade
from storage.places import Place, entry, keys_in, save

#: The number after those that this version comes with.
NEXT = known_migrations("sqlite")[-1].number + 1
NAME = f"{NEXT:04}_second"
SECOND = Migration(NEXT, NAME, "create table second_a (x integer);\ncreate table second_b (y integer);\n")
BROKEN = Migration(NEXT, NAME, "create table second_a (x integer);\ncreate table oops (;\n")

Ship = Callable[..., None]


@pytest.fixture
def ship(monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Pretends that this version comes with these migrations beside the real ones."""
    real = {dialect: known_migrations(dialect) for dialect in ("sqlite", "postgres")}

    def ship(*more: Migration) -> None:
        monkeypatch.setattr(migrate, "known_migrations", lambda dialect: [*real[dialect], *more])

    return ship


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_every_migration_has_a_number_of_its_own(dialect: str) -> None:
    numbers = [migration.number for migration in known_migrations(dialect)]
    assert numbers == list(range(1, len(numbers) + 1))


def names(database: Database) -> list[str]:
    return [migration.name for migration in known_migrations(database.dialect)]


def tables(database: Database) -> str:
    with database.read() as tx:
        return " ".join(str(row[1]) for row in tx.rows("schema_objects"))


def test_an_empty_database_is_brought_to_the_newest(place: Place) -> None:
    database = place.open()
    before = status(database)
    assert (before.current, before.pending) == (0, names(database))
    with pytest.raises(SchemaOutdated, match="0001_initial"):
        require_current(database)
    assert upgrade(database, 5) == names(database)
    after = status(database)
    assert (after.current, after.pending) == (after.newest, [])
    require_current(database)
    with database.write() as tx:
        save(tx, entry("a"))


def test_a_second_time_does_nothing(database: Database) -> None:
    with database.write() as tx:
        save(tx, entry("a"))
    assert upgrade(database, 9) == []
    assert keys_in(database) == ["a"]


def test_it_may_be_started_side_by_side(place: Place) -> None:
    database = place.open()
    barrier = threading.Barrier(4)
    outcomes: list[object] = []

    def start() -> None:
        barrier.wait()
        try:
            outcomes.append(upgrade(database, 0))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == sorted([names(database), [], [], []], key=str)
    require_current(database)


def test_an_interrupted_one_leaves_nothing_and_runs_again(place: Place, ship: Ship) -> None:
    database = place.open()
    ship(BROKEN)
    with pytest.raises(Exception, match=r"syntax|near"):
        upgrade(database, 0)
    assert status(database).current == 0
    assert "second_a" not in tables(database)
    ship(SECOND)
    assert upgrade(database, 0) == [*names(database), NAME]
    assert "second_a" in tables(database)
    assert "second_b" in tables(database)


def test_only_what_is_missing_is_applied(database: Database, ship: Ship) -> None:
    with database.write() as tx:
        save(tx, entry("a"))
    ship(SECOND)
    assert status(database).pending == [NAME]
    with pytest.raises(SchemaOutdated, match=NAME):
        require_current(database)
    assert upgrade(database, 0) == [NAME]
    assert keys_in(database) == ["a"]


def test_a_changed_migration_is_refused(database: Database, ship: Ship) -> None:
    ship(SECOND)
    upgrade(database, 0)
    ship(Migration(NEXT, NAME, SECOND.sql + "-- touched\n"))
    for attempt in (
        lambda: upgrade(database, 0),
        lambda: status(database),
        lambda: require_current(database),
    ):
        with pytest.raises(MigrationChanged, match=NAME):
            attempt()


def test_a_database_of_a_newer_version_is_refused(database: Database, ship: Ship) -> None:
    ship(SECOND)
    upgrade(database, 0)
    ship()
    for attempt in (
        lambda: upgrade(database, 0),
        lambda: status(database),
        lambda: require_current(database),
    ):
        with pytest.raises(SchemaTooNew, match=f"schema {NEXT}"):
            attempt()


def test_migrations_are_numbered_without_gaps_alike_in_both_dialects() -> None:
    found = [[m.name for m in known_migrations(dialect)] for dialect in ("sqlite", "postgres")]
    assert found[0] == found[1]
    assert [int(name[:4]) for name in found[0]] == list(range(1, len(found[0]) + 1))
