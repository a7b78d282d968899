"""`mainspring demo-data`: a world that holds every invariant, has something of everything, and is the same again."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

import postgres
from mainspring.audit.data import check_database
from mainspring.clock import from_iso
from mainspring.demo.data import Plan, write_demo, write_world
from mainspring.errors import Conflict, DatabaseInUse
from mainspring.model.runs import RunStatus
from mainspring.storage.open import open_database
from processes import PATIENCE, Dev, run_cli

NOW = from_iso("2026-11-23T15:00:00Z")
KEY = "tr_dev_demo"
SMALL = Plan(runs=100, days=1, seed=3)


def written(path: Path, plan: Plan = SMALL, *, force: bool = False) -> dict[str, int]:
    return write_demo(f"sqlite:///{path}", KEY, plan, NOW, force=force, told=lambda day: None)


#: What no seed may make again: secrets, keys of requests; and which process played it.
SECRETS = {"signing_keys", "tokens", "approval_answers", "workers"}


def rows(path: Path) -> dict[str, list[Any]]:
    """All that a database file holds, by table, but for secrets."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select name from sqlite_master where type = 'table'")
        tables = [str(name) for (name,) in found if name not in SECRETS]
        connection.execute("update tasks set output = '' where kind = 'token'")
        connection.execute(
            "update runs set idempotency_key = '' where replay_of is not null"
        )  # the request's
        connection.execute(
            "delete from tasks where kind = 'approval' or key like 'refund?%'"
        )  # links are signed
        return {table: connection.execute(f"select * from {table}").fetchall() for table in tables}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A folder with the data of the command as it is called, and what it said of the runs."""
    folder = tmp_path_factory.mktemp("demo")
    done = run_cli("demo-data", "--runs", "400", "--days", "3", "--json", cwd=folder, timeout=5 * PATIENCE)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["next"] == "mainspring dev --demo"
    return folder, said["runs"]


@pytest.fixture(scope="module")
def served(played: tuple[Path, dict[str, int]]) -> Iterator[Dev]:
    dev = Dev.start(played[0], "--demo").wait_until_ready()
    yield dev
    dev.kill_everything()  # asked to stop, it would wait for the import that it has at work


def test_every_status_is_there(played: tuple[Path, dict[str, int]]) -> None:
    assert set(played[1]) == set(get_args(RunStatus))


def test_the_audit_finds_nothing(played: tuple[Path, dict[str, int]]) -> None:
    database = open_database(f"sqlite:///{played[0] / '.mainspring' / 'mainspring.db'}", is_visitor=True)
    try:
        assert list(check_database(database)) == []
    finally:
        database.close()


@pytest.mark.parametrize(
    "path",
    [
        "runs?limit=5",
        "runs?status=FAILED&limit=5",
        "runs?status=EXPIRED&limit=5",
        "runs?status=TIMED_OUT&limit=5",
        "runs?tag=import",
        "jobs",
        "events",
        "approvals?status=WAITING",
        "approvals?status=APPROVED",
        "tokens?status=WAITING",
        "schedules",
        "queues",
        "breakers",
        "store",
        "workers",
    ],
)
def test_no_page_is_empty(served: Dev, path: str) -> None:
    status, answer = served.request("GET", f"/api/v1/{path}")
    assert status == 200, answer
    assert answer["data"] != []


def test_its_app_goes_on_with_what_was_running_and_takes_what_is_sent(served: Dev) -> None:
    served.output.wait_for(r"import-catalogue .*✔ row-")
    sent = served.send("product.updated", {"sku": "KET-09"})
    assert [run["job_id"] for run in sent["runs"]] == ["reindex-search"]


def test_the_same_seed_makes_the_same_world(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first.db", "second.db", "other.db"))
    assert written(first) == written(second)
    written(other, Plan(runs=100, days=1, seed=4))
    assert rows(first) == rows(second)
    assert rows(first)["runs"] != rows(other)["runs"]


def test_an_earlier_demo_is_made_anew_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mainspring.db"
    counts = written(path)
    assert written(path) == counts
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update jobs set id = 'mine' where id = 'send-digest'")
        connection.commit()
    with pytest.raises(Conflict, match=r"in use: it holds .*--force"):
        written(path)
    assert written(path, force=True) == counts
    (aside,) = tmp_path.glob("mainspring-*.db")
    assert "mine" in str(rows(aside)["jobs"])
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(
        (aside.name, "mainspring.db", "mainspring.db.lock")
    )


def test_a_database_that_a_server_has_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mainspring.db"
    database = open_database(f"sqlite:///{path}")
    try:
        with pytest.raises(DatabaseInUse):
            written(path)
    finally:
        database.close()


def test_it_goes_into_an_empty_postgresql_too_and_into_no_other() -> None:
    with postgres.server().database() as url:
        counts = write_demo(url, KEY, SMALL, NOW, force=False, told=lambda day: None)
        assert counts["SUCCESS"] > counts["FAILED"] > 0
        database = open_database(url)
        try:
            assert list(check_database(database)) == []
        finally:
            database.close()
        with pytest.raises(Conflict, match="empty database"):
            write_demo(url, KEY, SMALL, NOW, force=True, told=lambda day: None)


async def test_a_world_may_be_played_where_a_loop_turns(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    try:
        assert write_world(database, KEY, SMALL, NOW)["SUCCESS"]
    finally:
        database.close()
