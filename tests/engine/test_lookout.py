"""The loops beside the committer: timers at their time, silent workers ended, an idle engine that asks nothing (I9)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

from typing import Any

import pytest

from engine.items import done, job, listen, parked, sleep
from engine.live import Live, living
from mainspring.clock import HOUR, SECOND, FakeClock
from mainspring.engine.commands import EndWorkers
from mainspring.engine.inspect import get_event
from mainspring.storage.shapes import WORKER


async def waiting_run(live: Live, seconds: float) -> str:
    """A run that sleeps."""
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    await puppet.report(await puppet.take_one(), sleep("nap", seconds), parked("nap"))
    return run_id


async def test_I9_a_timer_fires_at_its_time(live: Live) -> None:
    run_id = await waiting_run(live, 60)
    await live.advance(59)
    live.clock.advance(SECOND - 1)
    await live.settle()
    assert await live.status(run_id) == "WAITING"
    live.clock.advance(1)
    await live.until("PENDING", run_id)


async def test_a_sooner_timer_is_heard_while_napping(live: Live) -> None:
    later = await waiting_run(live, 3_600)
    await live.settle()
    sooner = await waiting_run(live, 0.5)
    live.clock.advance(SECOND // 2)
    await live.until("PENDING", sooner)
    assert await live.status(later) == "WAITING"


async def test_timers_one_after_the_other(live: Live) -> None:
    third, first, second = [await waiting_run(live, seconds) for seconds in (3, 1, 2)]
    for due, later in ((first, [second, third]), (second, [third]), (third, [])):
        await live.advance(1)
        await live.until("PENDING", due)
        assert [await live.status(run_id) for run_id in later] == ["WAITING"] * len(later)


async def test_I9_a_clock_set_forward_is_noticed_within_a_nap(live: Live) -> None:
    run_id = await waiting_run(live, 3_600)
    await live.settle()
    live.clock.shift(HOUR)
    await live.advance(1)
    await live.until("PENDING", run_id)


async def test_I9_a_clock_set_back_fires_nothing_early(live: Live) -> None:
    run_id = await waiting_run(live, 60)
    await live.settle()
    live.clock.shift(-HOUR)
    await live.advance(61)
    assert await live.status(run_id) == "WAITING"
    live.clock.shift(HOUR)
    await live.advance(1)
    await live.until("PENDING", run_id)


async def test_an_idle_engine_writes_nothing(live: Live) -> None:
    await waiting_run(live, 3_600)
    await live.engine.end_workers(EndWorkers("superseded", environment_id=live.env, blames=False))
    await live.settle()
    before = live.database.transactions
    await live.advance(8, writes=False)
    assert live.database.transactions == before


async def test_a_silent_worker_is_ended_and_another_goes_on(live: Live) -> None:
    silent = await live.worker(job("bill"))
    run_id = await live.call("bill")
    lost = await silent.take_one()
    other = await live.worker(job("bill"))
    claim = other.open_claim(wait=3_600)
    for _ in range(5):
        await live.advance(3)
        await live.engine.heartbeat(live.env, other.heartbeat())
    (run,) = (await claim).runs
    assert (run.run_id, run.lease) == (run_id, 2)
    assert (await other.report(run, done())).status == "ok"
    answer = await live.engine.heartbeat(live.env, silent.heartbeat())
    assert answer.unknown_worker
    assert lost.lease == 1


class Asked(FakeClock):
    """Knows the spans for which it was asked to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[int] = []

    async def sleep(self, delay: int) -> None:
        self.spans.append(delay)
        await super().sleep(delay)


async def test_while_a_heartbeat_is_missed_the_workers_are_looked_over_more_often(kept_database: str) -> None:
    """Or the next server begins where this one last looked over all of them, two seconds ago."""
    clock = Asked()
    async with living(kept_database, clock=clock) as live:
        await live.worker(job("bill"))
        while not _silence(live):
            await live.advance(0.25)
        clock.spans.clear()
        while _silence(live):
            await live.advance(0.25)
    # What the timers ask for is a second at most.
    assert SECOND // 2 in clock.spans
    assert max(clock.spans[:-1]) <= SECOND


async def test_who_breaks_off_its_claim_is_looked_for_at_once(live: Live) -> None:
    silent = await live.worker(job("bill"))
    run_id = await live.call("bill")
    await silent.take_one()
    live.engine.hung_up(silent.id)
    await live.advance(2)
    assert (_silence(live) or 0) >= 5 * SECOND
    await live.advance(5)
    await live.until("PENDING", run_id)


def _silence(live: Live) -> int | None:
    """What is kept of the only worker's silence, while it lives."""
    with live.database.read() as tx:
        return next((worker.silence for worker in WORKER.values(tx.rows("live_workers"))), None)


async def test_a_worker_that_beats_keeps_its_runs_whatever_the_wall_clock_says(live: Live) -> None:
    puppet = await live.worker(job("bill"))
    run_id = await live.call("bill")
    await puppet.take_one()
    for jump in (HOUR, -2 * HOUR, HOUR, 0, 0):
        live.clock.shift(jump)
        await live.advance(3)
        await live.engine.heartbeat(live.env, puppet.heartbeat())
    assert await live.status(run_id) == "RUNNING"


async def test_an_outage_is_outlived(live: Live) -> None:
    run_id = await waiting_run(live, 5)
    await live.settle()
    live.database.is_down = True
    await live.advance(10)
    live.database.is_down = False
    await live.advance(3)
    await live.until("PENDING", run_id)


async def test_a_fault_of_ours_is_outlived(live: Live) -> None:
    """One bug must not stop every timer for good."""
    run_id = await waiting_run(live, 5)
    await live.settle()

    def trip(statement: str, values: Any) -> None:
        if statement in ("due_waits", "live_workers"):
            raise ValueError("planted")

    live.database.before = trip
    await live.advance(10)
    assert await live.status(run_id) == "WAITING"
    live.database.before = lambda statement, values: None
    await live.advance(3)
    await live.until("PENDING", run_id)


@pytest.mark.parametrize("down_for", [1, 3_600])
async def test_I9_timers_survive_a_restart(kept_database: str, down_for: int) -> None:
    """What became due meanwhile fires at once, the rest at its time."""
    clock = FakeClock()
    async with living(kept_database, clock=clock) as live:
        run_id = await waiting_run(live, 60)
    clock.advance(down_for * SECOND)
    async with living(kept_database, clock=clock) as live:
        await live.settle()
        if down_for < 60:
            assert await live.status(run_id) == "WAITING"
            await live.advance(59)
        await live.until("PENDING", run_id)


async def test_I1_what_was_sent_before_a_restart_runs_after_it(kept_database: str) -> None:
    clock = FakeClock()
    async with living(kept_database, clock=clock) as live:
        puppet = await live.worker(job("bill", "order"))
        queued, held, waiting = [(await live.send("order")).runs[0].id for _ in range(3)]
        runs = {run.run_id: run for run in (await puppet.claim(3, wait=0)).runs}
        await puppet.report(runs[waiting], listen("go", "go"), parked("go"))
        await puppet.report(runs[held])
        late = await live.send("order", delay=30 * SECOND)
    async with living(kept_database, clock=clock) as live:
        sent = await live.send("go")
        assert await live.status(waiting) == "PENDING"
        await live.advance(30)
        await live.until("PENDING", held)  # its worker never came back
        event = await live.engine.read(get_event, live.env, late.event.id)
        assert event is not None
        (delayed,) = event.runs
        successor = await live.worker(job("bill", "order"))
        granted = (await successor.claim(10, wait=0)).runs
        assert {run.run_id for run in granted} == {queued, held, waiting, delayed.id}
        assert sent.event.delivered_at is not None
