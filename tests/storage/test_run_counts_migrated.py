"""Runs that ended under an earlier version are counted by the upgrade."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

import postgres
from mainspring.audit.counts import check_counts
from mainspring.clock import HOUR, MINUTE
from mainspring.storage.database import Database
from mainspring.storage.migrate import known_migrations, upgrade
from mainspring.storage.open import open_database

RUN = """insert into runs (id, environment_id, job_id, job_version, status, payload, queue, priority, tags, metadata,
  is_test, attempt, max_attempts, crashes, lease, claim_seq, is_ready, lane, notices, noticed, created_at, available_at,
  started_at, finished_at)
values ('{0}', 'e', 'j', '1', '{1}', '1', 'j', 0, '[]', '{{}}', false, 1, 1, 0, 1, 1, false, 0, 0, 0, 0, 0, {2}, {3})"""
NOW = 1_000 * HOUR


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database as the version before left it."""
    is_sqlite = request.param == "sqlite"
    made = nullcontext("sqlite://") if is_sqlite else postgres.server().database(is_migrated=False)
    with made as url:
        database = open_database(url)
        with database.write() as tx:
            tx.run("create_migrations_table")
            for one in known_migrations(database.dialect):
                if not one.name.endswith("run_counts"):
                    tx.script(one.sql)
                    row = {"number": one.number, "name": one.name, "checksum": one.checksum}
                    tx.run("record_migration", **row, applied_at=1)
                else:
                    break
        yield database
        database.close()


def test_runs_of_an_earlier_version_are_counted(old: Database) -> None:
    with old.write() as tx:
        for name, status, started_at, finished_at in (
            ("new", "SUCCESS", NOW - MINUTE - 3_000, NOW - MINUTE),
            ("same", "SUCCESS", NOW - MINUTE - 3_001, NOW - MINUTE),
            ("late", "FAILED", NOW - 5 * HOUR, NOW - 4 * HOUR),
            ("never", "EXPIRED", "null", NOW),
            ("open", "RUNNING", NOW, "null"),
        ):
            tx.script(RUN.format(name, status, started_at, finished_at))
    upgrade(old, 1)
    assert list(check_counts(old)) == []
    with old.read() as tx:
        counted = {
            (width, row[1], row[3])
            for width in (MINUTE, HOUR // 2)
            for row in tx.rows("counts_by_job", environment_id="e", width=width, since=0, job_id=None)
            for row in [(width, row[1], row[2], row[3])]
        }
    assert counted == {(MINUTE, "SUCCESS", 2), (MINUTE, "EXPIRED", 1), (HOUR // 2, "FAILED", 1)}
