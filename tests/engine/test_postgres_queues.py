"""Limits under two servers: both grant, start and change at once, and no limit is exceeded at any instant (I6)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio

import psycopg
import pytest

from engine.items import done, job
from engine.live import Live, LivePuppet
from engine.pair import Pair
from mainspring.engine.commands import ChangeQueue
from mainspring.model.queues import QueueLimits

RUNS = 60


def held(url: str, column: str) -> int:
    """The most leases that one queue, or one key of it, has at this instant."""
    counts = f"select count(*) n from runs where worker_id is not null group by {column}"
    query = f"select coalesce(max(n), 0) from ({counts}) q"
    with psycopg.connect(url) as connection:
        (most,) = connection.execute(query).fetchone() or (0,)  # type: ignore[call-overload]  # one of two columns
    return int(most)


async def work(puppet: LivePuppet, ended: list[str], wanted: int) -> None:
    """Takes what there is and ends it, until all have ended."""
    while len(ended) < wanted:
        for run in (await puppet.claim(3, wait=0)).runs:
            await puppet.report(run, done())
            ended.append(run.run_id)


async def watch(url: str, ended: list[str], wanted: int, limits: QueueLimits) -> None:
    while len(ended) < wanted:
        assert await asyncio.to_thread(held, url, "queue") <= (limits.concurrency or wanted)
        assert await asyncio.to_thread(held, url, "concurrency_key") <= (limits.per_key or wanted)


async def test_I6_two_servers_never_exceed_a_limit(pair: Pair) -> None:
    limits = QueueLimits(concurrency=3, per_key=2)
    spec, ended = job("bill", limits=limits), []
    puppets = [await live.worker(spec) for live in (pair.a, pair.b, pair.a, pair.b)]

    async def start(live: Live, numbers: range) -> None:
        for n in numbers:
            await live.call("bill", concurrency_key=f"key-{n % 3}")

    await asyncio.gather(
        start(pair.a, range(0, RUNS, 2)),
        start(pair.b, range(1, RUNS, 2)),
        *(work(puppet, ended, RUNS) for puppet in puppets),
        watch(pair.url, ended, RUNS, limits),
    )
    assert len(set(ended)) == RUNS, "each once, and none is left behind"


async def test_I6_the_last_slot_is_given_once(pair: Pair) -> None:
    """One server has admitted a run and stands right before its commit when the other starts one."""
    spec = job("bill", limits=QueueLimits(concurrency=1))
    ours, theirs = await pair.a.worker(spec), await pair.b.worker(spec)
    await pair.race(pair.a.call("bill"), pair.b.call("bill"))
    first = (await ours.claim(3, wait=0)).runs
    assert len(first) == 1
    assert (await theirs.claim(3, wait=0)).runs == ()
    await ours.report(first[0], done())
    assert len((await theirs.claim(3, wait=0)).runs) == 1


# ── limits that come and go while runs start ─────────────────────────────────────────────────────────
async def limit(live: Live, concurrency: int | None) -> None:
    await live.engine.change(ChangeQueue(live.env, "bill", limits={"concurrency": concurrency}))


@pytest.mark.parametrize("first", ["the start", "the limit"])
async def test_I6_a_run_started_at_the_moment_a_limit_is_set_counts(pair: Pair, first: str) -> None:
    worker = await pair.a.worker(job("bill"))
    if first == "the start":
        await pair.race(pair.a.call("bill"), limit(pair.b, 1))
    else:
        await pair.race(limit(pair.a, 1), pair.b.call("bill"), before="line_of_queue")
    await pair.b.call("bill")
    (run,) = (await worker.claim(3, wait=0)).runs
    await worker.report(run, done())
    assert len((await worker.claim(3, wait=0)).runs) == 1


@pytest.mark.parametrize("first", ["the start", "the change"])
async def test_I5_a_run_started_at_the_moment_a_limit_is_taken_away_starts(pair: Pair, first: str) -> None:
    worker = await pair.a.worker(job("bill"))
    await limit(pair.a, 1)
    await pair.a.call("bill")
    if first == "the start":
        await pair.race(pair.a.call("bill"), limit(pair.b, None))
    else:
        await pair.race(limit(pair.a, None), pair.b.call("bill", idempotency_key="once"))
    assert len((await worker.claim(3, wait=0)).runs) == 2
