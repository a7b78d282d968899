"""SQLite's own ways: one owning process, files of every wrong kind, a disk that fills up."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring.errors import DatabaseInUse, DatabaseTooOld, DatabaseUnavailable, InvalidSetting
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.storage.sqlite import READERS, SqliteDatabase, check_version
from storage.places import entry, keys_in, save

#: Opens the database, writes "theirs", says so, and holds it until its input ends.
HOLDER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from storage.places import entry, save
from mainspring.storage.migrate import upgrade
from mainspring.storage.sqlite import SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]))
upgrade(database, 0)
with database.write() as tx:
    save(tx, entry("theirs"))
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(path)
    upgrade(database, 0)
    yield database
    database.close()


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the database."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(path=sys.path), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    yield process
    process.kill()
    process.communicate()


# ── one owner ────────────────────────────────────────────────────────────────────────────────────────
def test_a_second_process_is_refused(holder: subprocess.Popen[str], path: Path) -> None:
    with pytest.raises(DatabaseInUse, match=str(path)):
        SqliteDatabase(path)


def test_the_lock_ends_with_its_process_however_that_ends(holder: subprocess.Popen[str], path: Path) -> None:
    holder.kill()  # -9
    holder.wait()
    database = SqliteDatabase(path)
    assert keys_in(database) == ["theirs"]
    database.close()


def test_a_visitor_looks_beside_the_owner(holder: subprocess.Popen[str], path: Path) -> None:
    visitor = open_database(f"sqlite:///{path}", is_visitor=True)
    assert keys_in(visitor) == ["theirs"]
    visitor.close()
    with pytest.raises(DatabaseInUse):
        SqliteDatabase(path)


@pytest.mark.parametrize("name", ["none.db", "no folder/none.db"])
def test_a_visitor_makes_nothing(path: Path, name: str) -> None:
    missing = path.parent / name
    with pytest.raises(DatabaseUnavailable):
        open_database(f"sqlite:///{missing}", is_visitor=True)
    assert not missing.exists()
    assert not missing.with_name(missing.name + ".lock").exists()


@pytest.mark.parametrize("name", ["a b.db", "what?.db", "50%.db", "#1.db", "größe.db"])
def test_a_file_may_have_any_name(path: Path, name: str) -> None:
    odd = path.with_name(name)
    for is_visitor in (False, True):
        database = SqliteDatabase(odd, is_visitor=is_visitor)
        database.close()
        assert odd.exists()


def test_a_second_opening_in_one_process_is_refused_until_the_first_is_closed(
    database: SqliteDatabase, path: Path
) -> None:
    with pytest.raises(DatabaseInUse):
        SqliteDatabase(path)
    database.close()
    SqliteDatabase(path).close()


def test_a_link_is_no_way_around_the_lock(database: SqliteDatabase, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(DatabaseInUse):
        SqliteDatabase(link)


def test_a_failed_opening_holds_no_lock(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough for SQLite to see that it is none" * 20)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="not a usable SQLite database"):
            SqliteDatabase(path)
    path.unlink()
    SqliteDatabase(path).close()


# ── readers ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_first_reader_does_not_wait_for_the_writer(database: SqliteDatabase) -> None:
    """Opening readers must not stand behind a transaction that is being written."""
    seen: list[list[str]] = []
    with database.write() as tx:
        save(tx, entry("a"))
        for _ in range(READERS + 1):
            reader = threading.Thread(target=lambda: seen.append(keys_in(database)))
            reader.start()
            reader.join()
    assert seen == [[]] * (READERS + 1)


def test_a_reader_that_cannot_be_opened_leaves_room_for_the_next(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> sqlite3.Connection:
        raise DatabaseUnavailable("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(database, "_connect", fail)
        for _ in range(READERS + 1):
            with pytest.raises(DatabaseUnavailable):
                keys_in(database)
    assert keys_in(database) == []


# ── files ────────────────────────────────────────────────────────────────────────────────────────────
def test_folders_are_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/some/where/kept%20here.db")
    upgrade(database, 0)
    database.close()
    assert (tmp_path / "some" / "where" / "kept here.db").is_file()


def test_a_relative_url_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_database("sqlite:///kept.db").close()
    assert (tmp_path / "kept.db").is_file()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        SqliteDatabase(tmp_path)


def test_a_file_where_a_folder_should_be(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(DatabaseUnavailable, match="folder"):
        SqliteDatabase(path / "kept.db")


def test_a_file_that_may_not_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteDatabase(path).close()
    path.chmod(0o444)
    if os.geteuid() == 0:  # root may write anything
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DatabaseUnavailable, match="not writable"):
        SqliteDatabase(path)


def test_a_database_that_turns_read_only_is_unavailable_until_it_turns_back(database: SqliteDatabase) -> None:
    database._writer.execute("pragma query_only = on")
    with pytest.raises(DatabaseUnavailable, match="readonly"), database.write() as tx:
        save(tx, entry("a"))
    assert keys_in(database) == []
    database._writer.execute("pragma query_only = off")
    with database.write() as tx:
        save(tx, entry("a"))
    assert keys_in(database) == ["a"]


def test_a_full_disk_is_unavailable_and_works_again_when_there_is_room(database: SqliteDatabase) -> None:
    with database.write() as tx:
        save(tx, entry("before"))
    (pages,) = database._writer.execute("pragma page_count").fetchone()
    database._writer.execute(f"pragma max_page_count = {pages + 2}")
    with pytest.raises(DatabaseUnavailable, match="full"), database.write() as tx:
        save(tx, *(entry(f"big-{number}", "x" * 4_000) for number in range(50)))
    assert keys_in(database) == ["before"]
    database._writer.execute("pragma max_page_count = 1000000")
    with database.write() as tx:
        save(tx, entry("after"))
    assert keys_in(database) == ["after", "before"]


def test_a_lock_of_somebody_elses_is_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SQLite shell left in a transaction: told after a patient wait, not an odd error."""
    monkeypatch.setattr("mainspring.storage.sqlite.BUSY_TIMEOUT_MS", 1)
    database = SqliteDatabase(path)
    upgrade(database, 0)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("begin immediate")
    with pytest.raises(DatabaseUnavailable, match="locked"), database.write():
        pass
    shell.close()
    with database.write() as tx:
        save(tx, entry("a"))
    database.close()


def test_commits_are_synchronous_unless_asked_otherwise(path: Path) -> None:
    for synchronous, level in (("FULL", 2), ("NORMAL", 1)):
        database = SqliteDatabase(path, synchronous=synchronous)  # type: ignore[arg-type]
        assert database._writer.execute("pragma synchronous").fetchone() == (level,)
        assert database._writer.execute("pragma journal_mode").fetchone() == ("wal",)
        database.close()


# ── versions and URLs ────────────────────────────────────────────────────────────────────────────────
def test_an_old_sqlite_is_refused() -> None:
    check_version((3, 37, 0))
    check_version((4, 0, 0))
    with pytest.raises(DatabaseTooOld, match=r"3\.36\.1 is too old: 3\.37\.0"):
        check_version((3, 36, 1))


def test_nothing_is_opened_with_an_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def old() -> None:
        raise DatabaseTooOld("SQLite 3.1 is too old")

    monkeypatch.setattr("mainspring.storage.sqlite.check_version", old)
    with pytest.raises(DatabaseTooOld):
        SqliteDatabase(path)
    assert not path.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_in_memory(url: str) -> None:
    database: Database = open_database(url)
    upgrade(database, 0)
    assert keys_in(database) == []
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "kept.db",
        "/var/kept.db",
        "mysql://somebody:hunter2@host/db",
        "oracle://somebody:hunter2@[half/db",
        "sqlite:kept.db",
        "sqlite:/kept.db",
        "sqlite://kept.db",
        "sqlite:///kept.db?mode=ro",
    ],
)
def test_a_url_that_is_not_understood_is_told_without_its_password(url: str) -> None:
    with pytest.raises(InvalidSetting, match="not understood") as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
    assert "sqlite:///relative.db" in str(caught.value)
