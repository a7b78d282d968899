"""60,000 schedules that are due in one second: how long until each has its run, and how long an event waits meanwhile.

`python benchmarks/schedules.py [--schedules 60000] [--servers 2] [--database-url postgresql://...]`; real engines with
their own threads, one on SQLite and `--servers` on PostgreSQL, all of which fire the same schedules.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mainspring.bench.figures import at_percent
from mainspring.clock import HOUR, SECOND, SystemClock
from mainspring.engine.engine import Engine
from mainspring.engine.inspect import list_runs
from mainspring.engine.views import RunQuery
from mainspring.hints.postgres import PostgresHints
from mainspring.model.events import EventDraft
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.protocol import Registration
from mainspring.model.schedules import ScheduleDraft, schedule_of_draft
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database

#: Seconds between two events.
PAUSE = 0.01


def lay_down(database: Database, env: str, count: int, due_at: int) -> None:
    """So many hourly schedules, as `client.schedules` registers them, a thousand in a transaction."""
    began = due_at - HOUR
    for first in range(0, count, 1_000):
        drafts = [
            ScheduleDraft("tenants", f"tenant-{number}", every=HOUR)
            for number in range(first, min(first + 1_000, count))
        ]
        with database.write() as tx:
            tx.run_many("save_schedule", [schedule_of_draft(env, draft, "report", began) for draft in drafts])


async def storm(engines: list[Engine], env: str, count: int, due_at: int) -> dict[str, float]:
    """From the second in which they are due until all have their runs."""
    clock, waits = SystemClock(), []
    await clock.sleep(due_at - clock.now())
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(10**9):
        sent = time.perf_counter()
        draft = EventDraft(engines[0].ids.new("evt"), "nobody.listens", "{}")
        await engines[number % len(engines)].send_events(env, (draft,))
        waits.append(1e3 * (time.perf_counter() - sent))
        if number % 20 == 0 and not _is_any_due(engines[0].database, due_at):
            break
        await clock.sleep(int(PAUSE * SECOND))
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    keys = _slots(engines[0].database, env, clock.now())
    assert len(keys) == len(set(keys)) == count, f"{len(keys)} runs for {len(set(keys))} of {count} slots"
    return {
        "seconds until all have their runs": round(took, 2),
        "us of CPU a schedule": round(1e6 * spent / count, 1),
        "ms an event waits meanwhile, p50": round(at_percent(waits, 50), 1),
        "p99": round(at_percent(waits, 99), 1),
        "longest": round(max(waits), 1),
        "MB at most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _is_any_due(database: Database, due_at: int) -> bool:
    with database.read() as tx:
        return any(next_at <= due_at for (next_at,) in tx.rows("next_schedule_at"))


def _slots(database: Database, env: str, now: int) -> list[str | None]:
    """The slot of every run."""
    keys: list[str | None] = []
    query = RunQuery(limit=1_000)
    while True:
        with database.read() as tx:
            page = list_runs(tx, env, query, now)
        keys += [view.run.idempotency_key for view in page.data]
        if page.next_cursor is None:
            return keys
        query = replace(query, cursor=page.next_cursor)


async def measure(url: str, count: int, servers: int) -> dict[str, float]:
    clock = SystemClock()
    engines = [_engine(url) for _ in range(servers)]
    upgrade(engines[0].database, clock.now())
    env = await engines[0].ensure_dev_environment("tr_dev_" + "b" * 40)
    due_at = clock.now() + (5 + count // 2_000) * SECOND
    await asyncio.to_thread(lay_down, engines[0].database, env, count, due_at)
    for engine in engines:
        await engine.start()
    try:
        job = JobSpec("report", "report", "1", (TriggerSpec("dynamic", dynamic="tenants"),))
        await engines[0].register(env, Registration("wrk_1", "bench", "bench", "1", "here", 1, 1, (job,)))
        return await storm(engines, env, count, due_at)
    finally:
        for engine in engines:
            await engine.stop()
            engine.database.close()


def _engine(url: str) -> Engine:
    hints = PostgresHints(url) if url.startswith("postgres") else None
    return Engine(open_database(url), hints=hints)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python benchmarks/schedules.py")
    parser.add_argument("--schedules", type=int, default=60_000)
    parser.add_argument("--servers", type=int, default=2, help="on PostgreSQL; SQLite has one")
    parser.add_argument(
        "--database-url", default="", help="an empty PostgreSQL database; else SQLite in a folder"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mainspring-schedules-") as folder:
        url = given.database_url or f"sqlite:///{Path(folder) / 'mainspring.db'}"
        servers = given.servers if given.database_url else 1
        print(json.dumps(asyncio.run(measure(url, given.schedules, servers)), indent=2))


if __name__ == "__main__":
    main()
