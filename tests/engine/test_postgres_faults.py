"""PostgreSQL fails under an engine: connections are cut, the server is killed, locks cross. It heals by itself."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import postgres
from engine.items import done, job, succeeded
from engine.live import Live, living
from mainspring.errors import DatabaseUnavailable, TransactionConflict
from mainspring.hints.postgres import PostgresHints
from mainspring.ids import new_id
from mainspring.model.events import EventDraft
from mainspring.model.protocol import CommitRequest, RunReport
from mainspring.storage.open import open_database

PATIENCE = 20.0


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.server().database() as url:
        yield url


@pytest.fixture
def own() -> Iterator[postgres.OwnServer]:
    """A server that this test may kill."""
    postgres.require_programs()
    own = postgres.OwnServer()
    yield own
    own.remove()


def once_before(statement: str, do: Callable[[], object]) -> Callable[[str, Any], None]:
    left = [do]

    def before(name: str, values: Any) -> None:
        if name == statement and left:
            left.pop()()

    return before


async def test_connections_cut_while_idle_are_not_noticed_by_anybody(url: str) -> None:
    async with living(url, hints=PostgresHints(url)) as live:
        await live.worker(job("bill", "order.created"))
        for _ in range(3):
            assert postgres.cut(url, application="mainspring")
            sent = await live.send("order.created")
            assert await live.status(sent.runs[0].id) == "PENDING"


async def test_a_connection_cut_in_the_midst_of_a_batch_loses_and_repeats_nothing(url: str) -> None:
    """The batch is applied anew on another connection; sending again, under the same id, changes nothing."""
    async with living(url) as live:
        await live.worker(job("bill", "order.created"))
        draft = EventDraft(new_id("evt"), "order.created", "{}")
        live.database.before = once_before(
            "insert_event", lambda: postgres.cut(url, application="mainspring")
        )
        (sent,) = await live.engine.send_events(live.env, (draft,))
        (again,) = await live.engine.send_events(live.env, (draft,))
        (run,) = again.runs
        assert sent.runs == again.runs
        with live.database.read() as tx:
            assert [row[1] for row in tx.rows("runs_of_events", ids=[draft.id])] == [run.id]


async def test_a_commit_whose_answer_was_lost_is_sent_again_and_applied_once(url: str) -> None:
    async with living(url) as live:
        puppet = await live.worker(job("bill"))
        await live.call("bill")
        run = await puppet.take_one()
        request = CommitRequest(puppet.id, 1, (RunReport(run.run_id, run.lease, (succeeded("a"), done())),))
        live.database.fails_after_commit = True
        with pytest.raises(DatabaseUnavailable):
            await live.engine.commit(live.env, request)
        live.database.fails_after_commit = False
        assert (await live.engine.commit(live.env, request)).reports[0].status == "ok"
        assert await live.status(run.run_id) == "SUCCESS"


async def test_a_killed_server_that_comes_back_is_used_again(own: postgres.OwnServer) -> None:
    with own.database() as url:
        async with (
            living(url, hints=PostgresHints(url)) as a,
            living(url, hints=PostgresHints(url), clock=a_clock(a)) as b,
        ):
            puppet = await b.worker(job("bill", "order.created"))
            kept = await a.send("order.created")
            own.kill()
            draft = EventDraft(new_id("evt"), "order.created", "{}")
            with pytest.raises(DatabaseUnavailable):
                await a.engine.send_events(a.env, (draft,))
            own.start()
            (sent,) = await eventually(lambda: a.engine.send_events(a.env, (draft,)))
            answer = await eventually(lambda: puppet.claim(10, wait=0))
            taken = {run.run_id for run in answer.runs}
            assert taken == {kept.runs[0].id, sent.runs[0].id}
            await hears_of_the_other(a, b)


def a_clock(live: Live) -> Any:
    return live.clock


async def eventually(ask: Callable[[], Any]) -> Any:
    """The answer, once the database takes questions again: a server that was killed recovers first."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await ask()
            except DatabaseUnavailable:
                await asyncio.to_thread(threading.Event().wait, 0.05)


async def hears_of_the_other(a: Live, b: Live) -> None:
    """Hints flow again: whoever waits at one is told of an end at the other."""
    puppet = await b.worker(job("late"))
    run_id = await b.call("late")
    waiter = asyncio.ensure_future(a.engine.wait_run(a.env, run_id, 3_600_000_000))
    await puppet.report(await puppet.take_one(), done())
    assert (await asyncio.wait_for(waiter, PATIENCE)).run.status == "SUCCESS"


# ── servers that get in each other's way ─────────────────────────────────────────────────────────────
def test_locks_that_cross_are_a_conflict_and_no_outage(url: str) -> None:
    databases = [open_database(url) for _ in range(2)]
    barrier = threading.Barrier(2)
    outcomes: list[object] = []

    def lock(number: int) -> None:
        keys = (1, 2) if number == 0 else (2, 1)
        try:
            with databases[number].write() as tx:
                for key in keys:
                    tx.rows("hear_channels", environment_id="env", channels=[str(key)])
                    if key == keys[0]:
                        barrier.wait()
            outcomes.append("committed")
        except TransactionConflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=lock, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert sorted(map(str, outcomes)) == ["committed", "conflict"]


async def test_a_conflict_is_tried_again_and_nobody_hears_of_it(url: str) -> None:
    async with living(url) as live:
        await live.worker(job("bill", "order.created"))
        left = [1, 2, 3]

        def stumble(name: str, values: Any) -> None:
            if name == "insert_event" and left:
                left.pop()
                raise TransactionConflict("another server was faster")

        live.database.before = stumble
        sent = await live.send("order.created")
        assert left == []
        assert len(sent.runs) == 1
        assert await live.status(sent.runs[0].id) == "PENDING"


async def test_a_failed_statement_that_nobody_waited_for_fails_its_batch(url: str) -> None:
    database = open_database(url)
    with pytest.raises(Exception, match=r"null value"), database.write() as tx, tx.together():
        tx.run("insert_project", id="proj_1", name=None, now=1)
    with database.write() as tx:
        assert tx.row("find_project", name="one") is None
    database.close()
