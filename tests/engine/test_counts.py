"""Counts of ended runs: each run once, by the minute in which it ended, whoever ended it and however old it is."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from engine.items import broke, done, job
from engine.pair import Pair
from engine.puppet import Puppet
from engine.world import World
from mainspring.audit.counts import check_counts, count_anew
from mainspring.clock import DAY, HOUR, MINUTE, SECOND
from mainspring.engine.batch import Batch, Tally
from mainspring.engine.commands import CancelRun
from mainspring.engine.counts import FOLD_EVERY, fold_counts, fold_portion
from mainspring.engine.stats import SPANS, Ended, at_share, class_width, get_stats, stats_by_job


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"), job("ship"))


def end(world: World, puppet: Puppet, job_id: str = "bill", *, after: float = 1, fails: bool = False) -> str:
    """A run that ends so many seconds after it started."""
    run_id = world.call(job_id).id
    run = puppet.take_one()
    world.advance(after)
    puppet.report(run, broke() if fails else done())
    return run_id


def stats(world: World, span: str = "24h", job_id: str | None = None) -> Any:
    with world.read() as tx:
        return get_stats(tx, world.env, span, world.now, job_id)


def by_job(world: World, span: str = "7d") -> dict[str, Ended]:
    with world.read() as tx:
        return stats_by_job(tx, world.env, span, world.now)


def fold(world: World) -> None:
    """Everything that is old enough is put together."""
    is_done = False
    while not is_done:
        with world.database.write() as tx:
            batch = Batch(tx, world.now, ids=world.ids, limits=world.limits, timing=world.timing)
            is_done = fold_portion(batch)


def rows(world: World) -> list[tuple[Any, ...]]:
    with world.read() as tx:
        return sorted(tx.rows("audit_counts"))


def widths(world: World) -> list[int]:
    with world.read() as tx:
        found = {
            width: tx.row("oldest_counts", width=width)
            for width in (MINUTE, 30 * MINUTE, 3 * HOUR, 12 * HOUR, DAY)
        }
    return [width for width, row in found.items() if row and row[0] is not None]


def test_runs_are_counted_as_they_end(world: World, puppet: Puppet) -> None:
    for _ in range(3):
        end(world, puppet)
    end(world, puppet, "ship", fails=True)
    cancelled = world.call("ship").id
    world.do(CancelRun(world.env, cancelled))
    world.call("ship")
    shown = stats(world)
    assert shown.ended.counts == {"SUCCESS": 3, "FAILED": 1, "CANCELLED": 1}
    assert [sum(bucket.counts.values()) for bucket in shown.buckets] == [0] * 47 + [5]
    assert (shown.now.pending, shown.now.running, shown.now.waiting) == (1, 0, 0)
    assert by_job(world)["bill"].counts == {"SUCCESS": 3}
    assert stats(world, job_id="ship").ended.counts == {"FAILED": 1, "CANCELLED": 1}
    assert stats(world, job_id="nope").ended == Ended({}, None, None)


@pytest.mark.parametrize("span", SPANS)
def test_a_run_stays_in_a_chart_until_its_time_is_over(world: World, puppet: Puppet, span: str) -> None:
    width, bars = SPANS[span]
    end(world, puppet)
    for _ in range(bars - 1):
        world.advance(width / SECOND)
        fold(world)
        assert stats(world, span).ended.counts == {"SUCCESS": 1}
    world.advance(width / SECOND)
    fold(world)
    assert stats(world, span).ended.counts == {}
    assert stats(world, span).buckets[0].at == world.now - world.now % width - (bars - 1) * width


def test_what_is_old_is_put_together_and_stays_what_it_was(world: World, puppet: Puppet) -> None:
    for fails in (False, False, True) * 4:
        end(world, puppet, after=40, fails=fails)
    before = rows(world)
    for age, kept in (
        (3 * HOUR, [30 * MINUTE]),
        (2 * DAY, [3 * HOUR]),
        (9 * DAY, [12 * HOUR]),
        (40 * DAY, [DAY]),
    ):
        world.advance(age / SECOND)
        fold(world)
        assert widths(world) == kept
        assert rows(world) == before
    assert list(check_counts(world.database)) == []


def test_old_counts_are_put_together_beside_ends_and_only_now_and_then(world: World, puppet: Puppet) -> None:
    end(world, puppet)
    world.advance(3 * 3_600)
    with world.database.write() as tx:
        batch = Batch(tx, world.now, ids=world.ids, limits=world.limits, timing=world.timing)
        fold_counts(batch)  # no run ended in it
        assert batch.tally.fold_at == 0
        batch.has_ends, batch.tally = True, Tally()
        fold_counts(batch)
        assert batch.tally.fold_at == world.now + FOLD_EVERY
    assert widths(world) == [30 * MINUTE]


def test_a_clock_that_was_set_back_stops_nothing(world: World, puppet: Puppet) -> None:
    end(world, puppet)
    world.advance(3 * 3_600)
    with world.database.write() as tx:
        batch = Batch(tx, world.now, ids=world.ids, limits=world.limits, timing=world.timing)
        batch.has_ends = True
        batch.tally.fold_at = world.now + DAY
        fold_counts(batch)
    assert widths(world) == [30 * MINUTE]


async def test_two_servers_count_each_run_once(pair: Pair) -> None:
    for live in (pair.a, pair.b):
        worker = await live.worker(job("bill"))
        for _ in range(3):
            await live.call("bill")
            await worker.report(await worker.take_one(), done())
    database = pair.a.engine.database
    assert list(check_counts(database)) == []
    with database.read() as tx:
        assert sum(row[-1] for row in tx.rows("audit_counts")) == 6


def test_durations_are_told_to_within_some_per_cent(world: World, puppet: Puppet) -> None:
    for seconds in range(1, 101):
        end(world, puppet, after=seconds)
    figures = by_job(world)["bill"]
    assert figures.p50 == pytest.approx(50 * SECOND, rel=0.06)
    assert figures.p95 == pytest.approx(95 * SECOND, rel=0.06)


@pytest.mark.parametrize(
    "lasted", [0, 1, 1023, 1024, 1279, 1280, 2047, 2048, 999_999, 3_600_000_000, 2**39 - 1]
)
def test_a_duration_lies_in_its_class(world: World, puppet: Puppet, lasted: int) -> None:
    end(world, puppet, after=0)
    with world.database.write() as tx:
        tx.script(f"update runs set finished_at = started_at + {lasted}")
    count_anew(world.database, world.env, world.now)
    with world.read() as tx:
        (row,) = tx.rows("audit_counts")
    least = row[4]
    assert least <= lasted < least + class_width(least)
    assert at_share(Counter({least: 1}), 0.5) == least + round(class_width(least) / 2)


def test_what_never_started_and_what_was_cut_off_says_nothing_of_durations(
    world: World, puppet: Puppet
) -> None:
    world.do(CancelRun(world.env, world.call("bill").id))
    assert by_job(world)["bill"] == Ended({"CANCELLED": 1}, None, None)


def test_another_environment_sees_nothing_of_it(new_world: Callable[..., World]) -> None:
    world = new_world()
    end(world, world.worker(job("bill")))
    other = world.environment("other")
    with world.read() as tx:
        assert get_stats(tx, other, "1h", world.now).ended.counts == {}
        assert stats_by_job(tx, other, "1h", world.now) == {}
