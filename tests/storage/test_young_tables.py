"""Statements that were planned while the tables were empty still look things up when the tables are large."""

import asyncio

import psycopg
import pytest

import postgres
from mainspring import IO, Client, Retry, event_trigger
from mainspring.sdk.handle import Run
from mainspring.storage import postgres as storage
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database

#: Rows of each hot table that nothing below needs to look at.
ROWS = 20_000

_TABLES = ("runs", "tasks", "history", "waits", "events", "awaited_runs", "logs", "attempts")

_GROW = """
insert into runs select 'run_old_' || n, environment_id, job_id, job_version, 'SUCCESS', payload, output, failure,
    event_id, null, null, null, queue, null, priority, tags, metadata, progress, is_test, attempt, max_attempts,
    crashes, lease, null, claim_seq, false, lane, notices, noticed, created_at, available_at, started_at,
    finished_at, null, null, null, null, null, heard_from
  from (select * from runs limit 1) one, generate_series(1, {rows}) n;
insert into tasks select 'run_old_' || n, environment_id, key, parent_key, kind, name, icon, params, properties,
    fingerprint, status, attempt, output, failure, position, event_id, started_at, finished_at, next_attempt_at
  from (select * from tasks where status = 'SUCCESS' limit 1) one, generate_series(1, {rows}) n;
insert into history (environment_id, run_id, at, kind) select environment_id, 'run_old_' || n, at, kind
  from (select * from history limit 1) one, generate_series(1, {rows}) n;
insert into events (id, environment_id, name, payload, is_test, received_at, deliver_at, delivered_at, rejections)
  select 'evt_old_' || n, environment_id, name, payload, is_test, received_at, deliver_at, delivered_at, rejections
  from (select * from events limit 1) one, generate_series(1, {rows}) n;
"""


def _client() -> Client:
    client = Client("shop")

    @client.job(id="child")
    async def child(payload: int) -> int:
        return payload

    @client.job(id="parent", trigger=event_trigger("begin"))
    async def parent(io: IO) -> list[int]:
        io.logger.info("beginning")
        await io.run_task("one", lambda: 1)
        await io.wait("a-moment", 0.01)
        await io.wait_for_event("go", name="go")
        await io.store.set("seen", 1)
        results = await child.batch_trigger_and_wait([1, 2])
        await io.run_task("fails-once", _flaky, retry=Retry(min_delay="10ms"))
        return [result.unwrap() for result in results]

    return client


_failed: set[str] = set()


def _flaky() -> None:
    if "once" not in _failed:
        _failed.add("once")
        raise ValueError("not yet")


async def _go_through_everything(client: Client) -> None:
    _failed.clear()
    await client.runs.list(limit=1)
    event = await client.send_event("begin", {})
    run: Run = await client.runs.retrieve(event.runs[0].id)
    await client.send_event("go", {})
    assert await asyncio.wait_for(run.result(), 60) == [1, 2]


async def _rows_read() -> int:
    """How many rows of tables were looked at in all: everything once on empty tables, once on large ones."""
    with (
        postgres.server().database(is_migrated=False) as url,  # no table was ever large
        psycopg.connect(url, autocommit=True) as admin,
    ):
        database = open_database(url)
        upgrade(database, 0)
        database.close()
        admin.execute("select pg_stat_reset()")
        for table in _TABLES:  # or it would look at the tables in between, and have the plans made anew
            admin.execute(f"alter table {table} set (autovacuum_enabled = false)")
        client = _client()
        async with client.embedded(url=url):
            await _go_through_everything(client)
            admin.execute(_GROW.format(rows=ROWS))
            await _go_through_everything(client)
        read = admin.execute(
            "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables"
        ).fetchone()
    assert read is not None
    return int(read[0])


async def test_what_was_planned_on_empty_tables_looks_through_few_whole_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "PLANS_LAST", 3_600.0)
    assert await _rows_read() < 10 * ROWS  # some 30 without the options of the writing connection


async def test_plans_made_anew_look_through_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PLANS_LAST", 0.0)
    assert await _rows_read() < ROWS
