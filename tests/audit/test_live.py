"""Beside running servers on PostgreSQL: what is under way is no finding, and a repair reaches whoever should look."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

import postgres
from engine.items import done, job, listen, parked, started, succeeded
from engine.pair import PATIENCE, Pair, paired
from mainspring.audit.data import check_database
from mainspring.audit.findings import Finding
from mainspring.audit.repair import Repairer
from mainspring.hints.postgres import PostgresHints
from mainspring.storage.open import open_database

ROUNDS = 15


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    with postgres.server().database() as url:
        async with paired(url) as pair:
            yield pair


@contextmanager
def auditing(url: str) -> Iterator[list[list[Finding]]]:
    """What each of many audits finds that go on meanwhile."""
    found: list[list[Finding]] = []
    is_over = threading.Event()

    def look() -> None:
        with closing(open_database(url, is_visitor=True)) as database:
            while not is_over.is_set():
                found.append(list(check_database(database, grace=0)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join(PATIENCE)


async def test_what_is_under_way_is_no_finding(pair: Pair) -> None:
    puppets = [await live.worker(job("bill", "order")) for live in (pair.a, pair.b)]
    with auditing(pair.url) as found:
        for number in range(ROUNDS):
            here, there = (pair.a, pair.b) if number % 2 else (pair.b, pair.a)
            puppet = puppets[number % 2]
            await here.send("order")
            run = await puppet.take_one()
            await puppet.report(
                run, started("a"), succeeded("a"), listen("go", "go", str(number)), parked("go")
            )
            await there.send("go", correlation_id=str(number))
            await puppet.report(await puppet.take_one(), done())
    assert len(found) > 1
    assert [str(one) for findings in found for one in findings] == []


async def test_a_server_is_told_of_a_run_that_a_repair_woke(pair: Pair) -> None:
    puppet = await pair.a.worker(job("bill"))
    run_id = await pair.a.call("bill")
    await puppet.report(await puppet.take_one(), listen("go", "go"), parked("go"))
    await pair.a.send("go")
    with psycopg.connect(pair.url) as connection:
        connection.execute("update runs set status = 'WAITING', is_ready = false where id = %s", (run_id,))
    claim = puppet.open_claim()
    await pair.a.settle()
    assert not claim.done()

    await asyncio.to_thread(_repair, pair)
    (run,) = (await asyncio.wait_for(claim, PATIENCE)).runs
    assert run.run_id == run_id
    await puppet.report(run, done())
    assert await asyncio.to_thread(_audit, pair.url) == []


def _repair(pair: Pair) -> None:
    hints = PostgresHints(pair.url)
    with closing(open_database(pair.url)) as database:
        repairer = Repairer(database, pair.a.clock.now, announce=hints.announce)
        (repaired,) = repairer.repair(check_database(database, grace=0))
        assert repaired.refusal is None
    hints.stop()


def _audit(url: str) -> list[Finding]:
    with closing(open_database(url, is_visitor=True)) as database:
        return list(check_database(database, grace=0))
