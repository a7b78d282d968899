"""Lists of runs: whatever is asked, every run that fits is on one page and no other, the newest first."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.items import job
from engine.world import World
from mainspring.bench.bulk import Load, fill, run_name
from mainspring.clock import SECOND
from mainspring.engine import lists
from mainspring.engine.lists import newest_runs
from mainspring.engine.views import RunQuery
from mainspring.model.protocol import RunChanged
from mainspring.model.runs import Run
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database
from mainspring.storage.shapes import RUN
from mainspring.storage.statements import SQLITE, load_statements

RUNS, WAITING = 1_200, 30
STATUSES = ("SUCCESS", "FAILED", "EXPIRED", "WAITING", "RUNNING")


@pytest.fixture
def filled(kept_database: str) -> Iterator[tuple[Database, str]]:
    """Some runs of each sort, and their environment."""
    environment_id = fill(kept_database, Load(RUNS, tasks=1, waiting=WAITING))
    database = open_database(kept_database)
    yield database, environment_id
    database.close()


def every_run(database: Database) -> list[Run]:
    """Newest first."""
    names = [run_name(n) for n in range(RUNS)]
    names += [f"run_W000000000{10**15 + n}" for n in range(WAITING)]
    with database.read() as tx:
        runs = RUN.values(tx.rows("runs_by_ids", ids=names))
    assert len(runs) == RUNS + WAITING
    return sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)


def fits(run: Run, query: RunQuery) -> bool:
    return (
        (not query.statuses or run.status in query.statuses)
        and query.job_id in (None, run.job_id)
        and query.event_id in (None, run.event_id)
        and set(query.tags) <= set(json.loads(run.tags))
        and (query.since is None or run.created_at >= query.since)
        and (query.until is None or run.created_at < query.until)
    )


def paged(database: Database, environment_id: str, query: RunQuery) -> list[Run]:
    """All pages, one after the other."""
    found: list[Run] = []
    cursor = None
    while True:
        with database.read() as tx:
            page, cursor = newest_runs(tx, environment_id, replace(query, cursor=cursor))
        assert len(page) <= query.limit
        found += page
        if cursor is None:
            return found


def random_query(chance: random.Random, some: Run) -> RunQuery:
    def perhaps(share: float) -> bool:
        return chance.random() < share

    return RunQuery(
        statuses=tuple(chance.sample(STATUSES, chance.randint(1, 3))) if perhaps(0.5) else (),  # type: ignore[arg-type]
        job_id=chance.choice(("many-tasks", "one-task", "seldom", "none")) if perhaps(0.3) else None,
        event_id=some.event_id if perhaps(0.1) else None,
        tags=tuple(chance.sample(("vip", "first", "none"), chance.randint(1, 2))) if perhaps(0.3) else (),
        since=some.created_at if perhaps(0.3) else None,
        until=some.created_at + chance.randrange(500) * SECOND if perhaps(0.3) else None,
        limit=chance.choice((1, 7, 50, 400)),
    )


@pytest.mark.parametrize("portions", [(200, 1_000, 3_000), (2, 3, 5)], ids=["large", "small"])
def test_every_filter_finds_what_fits_and_nothing_else(
    filled: tuple[Database, str], portions: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`small`: pages that end before they are full are gone on with."""
    monkeypatch.setattr(lists, "_PORTIONS", portions)
    database, environment_id = filled
    runs, chance = every_run(database), random.Random(7)
    for _ in range(60):
        query = random_query(chance, chance.choice(runs))
        expected = [run.id for run in runs if fits(run, query)]
        assert [run.id for run in paged(database, environment_id, query)] == expected, query


def test_a_page_looks_at_so_many_runs_and_no_more(
    filled: tuple[Database, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_PORTIONS", (20, 25))
    database, environment_id = filled
    with database.read() as tx:
        page, cursor = newest_runs(tx, environment_id, RunQuery(("EXPIRED", "SUCCESS"), tags=("first",)))
        assert (len(page), cursor) == (27, None), "a tag that few have is its own list"
        page, cursor = newest_runs(tx, environment_id, RunQuery(("SUCCESS",), job_id="one-task", limit=50))
        assert (len(page), cursor is None) == (45, False)


def test_another_environments_runs_are_not_listed(filled: tuple[Database, str]) -> None:
    database, _ = filled
    for query in (RunQuery(), RunQuery(tags=("vip",)), RunQuery(("FAILED",)), RunQuery(job_id="seldom")):
        with database.read() as tx:
            assert newest_runs(tx, "env_other", query) == ([], None)


def test_a_run_is_found_by_the_tags_it_has_now(world: World) -> None:
    puppet = world.worker(job("greet"))
    run = world.call("greet", tags=("early", "kept"))
    puppet.report(puppet.take_one(), RunChanged(tags='["kept","late"]'))

    def found(tag: str) -> list[str]:
        with world.database.read() as tx:
            return [run.id for run in newest_runs(tx, world.env, RunQuery(tags=(tag,)))[0]]

    assert (found("late"), found("kept"), found("early")) == ([run.id], [run.id], [])


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("newest_of_all", "runs_by_environment (environment_id=? AND created_at>?"),
        ("newest_of_job", "runs_by_job (environment_id=? AND job_id=? AND created_at>?"),
        ("newest_of_status", "runs_by_status (environment_id=? AND status=? AND created_at>?"),
        ("newest_of_tag", "PRIMARY KEY (environment_id=? AND tag=? AND created_at>?"),
        ("newest_of_event", "runs_by_event (event_id=?)"),
        ("newest_of_parent", "runs_by_parent (parent_run_id=?)"),
        ("newest_of_prefix", "sqlite_autoindex_runs_1 (id>? AND id<?)"),
        ("newest_of_leased", "runs_leased"),
    ],
)
def test_candidates_come_from_their_index(tmp_path: Path, statement: str, index: str) -> None:
    """What SQLite plans when it knows nothing of the tables' sizes."""
    open_and_upgrade(f"sqlite:///{tmp_path}/kept.db")
    found = load_statements(SQLITE)[statement]
    with closing(sqlite3.connect(tmp_path / "kept.db")) as connection:
        plan = connection.execute(
            f"explain query plan {found.sql}", [None] * len(found.parameters)
        ).fetchall()
    assert index in plan[0][-1], plan


def open_and_upgrade(url: str) -> None:
    database = open_database(url)
    upgrade(database, 0)
    database.close()
