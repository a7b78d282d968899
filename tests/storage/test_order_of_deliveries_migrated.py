"""Events and runs of an earlier version get their places in the order of deliveries."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

import postgres
from mainspring.storage.database import Database
from mainspring.storage.migrate import known_migrations, upgrade
from mainspring.storage.open import open_database

EVENT = """insert into events
  (id, environment_id, name, payload, is_test, received_at, deliver_at, delivered_at, rejections)
values ('{0}', 'e', 'go', '1', false, 1, 1, {1}, '[]')"""
RUN = """insert into runs (id, environment_id, job_id, job_version, status, payload, queue, priority, tags, metadata,
  is_test, attempt, max_attempts, crashes, lease, claim_seq, is_ready, lane, notices, noticed, created_at, available_at)
values ('{0}', 'e', 'j', '1', 'WAITING', '1', 'j', 0, '[]', '{{}}', false, 1, 1, 0, 1, 1, false, 0, 0, 0, {1}, {1})"""


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database as the third migration left it."""
    is_sqlite = request.param == "sqlite"
    made = nullcontext("sqlite://") if is_sqlite else postgres.server().database(is_migrated=False)
    with made as url:
        database = open_database(url)
        with database.write() as tx:
            tx.run("create_migrations_table")
            for one in known_migrations(database.dialect)[:3]:
                tx.script(one.sql)
                tx.run(
                    "record_migration", number=one.number, name=one.name, checksum=one.checksum, applied_at=1
                )
        yield database
        database.close()


def test_runs_hear_after_the_upgrade_what_they_heard_before(old: Database) -> None:
    with old.write() as tx:
        for name, delivered_at in (("late", 30), ("early", 10), ("held", "null"), ("middle", 20)):
            tx.script(EVENT.format(name, delivered_at))
        for name, created_at in (("first", 5), ("second", 20), ("third", 99)):
            tx.script(RUN.format(name, created_at))
    upgrade(old, 1)
    asked = {"environment_id": "e", "name": "go", "limit": 10, "offset": 0}
    with old.write() as tx:
        places = {row[0]: row[9] for row in tx.rows("leased_runs", ids=["first", "second", "third"])}
        heard = {
            run_id: [row[0] for row in tx.rows("early_events", run_id=run_id, heard_from=place, **asked)]
            for run_id, place in places.items()
        }
    assert heard == {"first": ["early", "middle", "late"], "second": ["middle", "late"], "third": []}


def test_what_is_delivered_after_the_upgrade_comes_last(old: Database) -> None:
    with old.write() as tx:
        tx.script(EVENT.format("early", 10))
    upgrade(old, 1)
    with old.write() as tx:
        tx.script(
            RUN.format("new", 99)
            .replace("available_at)", "available_at, heard_from)")
            .replace("99, 99)", "99, 99, (select last_value from deliveries))")
        )
        tx.run("begin_deliveries")
        tx.script(
            EVENT.format("after", 5)
            .replace("rejections)", "rejections, delivery)")
            .replace("'[]')", "'[]', (select last_value from deliveries))")
        )
        (row,) = tx.rows("leased_runs", ids=["new"])
        found = tx.rows(
            "early_events", run_id="new", heard_from=row[9], environment_id="e", name="go", limit=10, offset=0
        )
    assert [event[0] for event in found] == ["after"]
