"""Queues with limits: who is admitted and when, and that a limit is never exceeded, whatever becomes of runs (I6)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

from collections import Counter
from typing import Any

import pytest

from engine.items import broke, done, job, parked, sleep
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, ChangeQueue, LimitEnvironment, TriggerRuns
from mainspring.errors import InvalidQueue, NotFound
from mainspring.model.protocol import ClaimedRun, RunDraft, RunReleased
from mainspring.model.queues import QueueLimits, Rate


def taken(puppet: Puppet, slots: int = 10) -> list[ClaimedRun]:
    return list(puppet.take(slots))


def keys(world: World, runs: list[ClaimedRun]) -> list[str | None]:
    return [world.run(run.run_id).concurrency_key for run in runs]


def limited(world: World, **limits: Any) -> Puppet:
    return world.worker(job("bill", limits=QueueLimits(**limits)))


def calls(world: World, count: int, job_id: str = "bill", **options: Any) -> list[str]:
    """Runs started in one batch."""
    drafts = tuple(RunDraft(world.ids.new("run"), job_id, "{}", **options) for _ in range(count))
    world.do(TriggerRuns(world.env, drafts))
    return [draft.run_id for draft in drafts]


# ── the limit of a queue ─────────────────────────────────────────────────────────────────────────────
def test_I6_a_queue_never_has_more_leases_than_its_limit(world: World) -> None:
    puppet = limited(world, concurrency=2)
    started = calls(world, 5)
    first, second = taken(puppet)
    assert taken(puppet) == []
    _answer, claimed = world.apply(puppet.commit_command(report(first, done())), puppet.claim_command())
    assert [run.run_id for run in claimed.runs] == [started[2]], "the slot is handed on in the same batch"
    puppet.report(second, done())
    (last,) = taken(puppet)
    assert last.run_id == started[3]
    assert taken(puppet) == []


def test_a_run_that_waits_gives_its_slot_and_takes_one_again_first(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first, second, _third = calls(world, 3)
    (run,) = taken(puppet)
    puppet.report(run, sleep("nap", 5), parked("nap"))
    (other,) = taken(puppet)
    assert other.run_id == second
    world.advance(6)
    world.fire()
    assert taken(puppet) == []
    assert world.run(first).status == "PENDING"
    puppet.report(other, done())
    (again,) = taken(puppet)
    assert again.run_id == first, "what goes on comes before what has not begun"
    assert taken(puppet) == []


def test_a_body_that_is_tried_again_takes_a_slot_again(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first, _second = calls(world, 2)
    (run,) = taken(puppet)
    puppet.report(run, broke(retry_in=3))
    (other,) = taken(puppet)
    world.advance(4)
    world.fire()
    assert taken(puppet) == []
    puppet.report(other, done())
    assert [run.run_id for run in taken(puppet)] == [first]


@pytest.mark.parametrize("ending", ["die", "leave"])
def test_I6_slots_of_a_worker_that_is_gone_are_free(world: World, ending: str) -> None:
    puppet, heir = limited(world, concurrency=2), limited(world, concurrency=2)
    calls(world, 4)
    held = {run.run_id for run in taken(puppet)}
    assert len(held) == 2
    assert taken(heir) == []
    getattr(puppet, ending)()
    assert {run.run_id for run in taken(heir)} == held
    assert taken(heir) == []


def test_a_run_that_is_released_stands_at_the_head_again(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first, _ = calls(world, 2)
    (run,) = taken(puppet)
    puppet.report(run, RunReleased())
    assert [run.run_id for run in taken(puppet)] == [first]
    assert taken(puppet) == []


def test_cancelled_and_expired_runs_leave_the_line(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first, second = calls(world, 2)
    (third,) = calls(world, 1, ttl=5 * SECOND)
    (fourth,) = calls(world, 1)
    world.do(CancelRun(world.env, first))  # it was admitted and not begun
    world.do(CancelRun(world.env, second))
    world.advance(6)
    world.fire()
    assert world.status(third) == "EXPIRED"
    assert [run.run_id for run in taken(puppet)] == [fourth]
    world.do(CancelRun(world.env, fourth))
    assert world.status(fourth) == "RUNNING"


def test_a_delayed_run_stands_in_line_when_its_time_has_come(world: World) -> None:
    puppet = limited(world, concurrency=1)
    (late,) = calls(world, 1, delay=5 * SECOND)
    (run,) = [calls(world, 1), taken(puppet)][1]
    world.advance(6)
    world.fire()
    assert taken(puppet) == []
    puppet.report(run, done())
    assert [run.run_id for run in taken(puppet)] == [late]


def test_a_lost_grant_gives_its_slot_back(world: World) -> None:
    puppet = limited(world, concurrency=1)
    (first,) = calls(world, 1)
    taken(puppet)
    puppet.held.clear()
    puppet.beat()
    assert [run.run_id for run in taken(puppet)] == [first]


def test_priority_goes_first(world: World) -> None:
    puppet = limited(world, concurrency=1)
    (run,) = [calls(world, 1), taken(puppet)][1]
    (low,), (high,) = calls(world, 1), calls(world, 1, priority=5)
    puppet.report(run, done())
    (run,) = taken(puppet)
    assert run.run_id == high
    puppet.report(run, done())
    assert [run.run_id for run in taken(puppet)] == [low]


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────
def test_I6_no_key_has_more_leases_than_its_limit(world: World) -> None:
    puppet = limited(world, per_key=1)
    calls(world, 3, concurrency_key="a")
    calls(world, 2, concurrency_key="b")
    runs = taken(puppet)
    assert sorted(keys(world, runs), key=str) == ["a", "b"]
    assert taken(puppet) == []
    puppet.report(runs[0], done())
    again = taken(puppet)
    assert keys(world, again) == keys(world, runs[:1])


def test_both_limits_count(world: World) -> None:
    puppet = limited(world, concurrency=3, per_key=2)
    calls(world, 5, concurrency_key="a")
    calls(world, 5, concurrency_key="b")
    runs = taken(puppet)
    assert len(runs) == 3
    assert max(Counter(keys(world, runs)).values()) == 2


def test_keys_take_turns(world: World) -> None:
    puppet = limited(world, concurrency=1)
    calls(world, 6, concurrency_key="big")
    calls(world, 2, concurrency_key="small")
    served = []
    for _ in range(8):
        (run,) = taken(puppet)
        served += keys(world, [run])
        puppet.report(run, done())
    assert served[:5].count("small") == 2
    assert served.count("big") == 6


def test_a_key_that_comes_late_is_not_served_for_the_time_it_was_away(world: World) -> None:
    puppet = limited(world, concurrency=1)
    calls(world, 20, concurrency_key="a")
    for _ in range(10):
        puppet.report(taken(puppet)[0], done())
    calls(world, 9, concurrency_key="b")
    served = []
    for _ in range(8):
        (run,) = taken(puppet)
        served += keys(world, [run])
        puppet.report(run, done())
    assert 3 <= served.count("b") <= 5


def test_weights_say_how_much_more(world: World) -> None:
    puppet = limited(world, concurrency=1, weights={"gold": 3})
    calls(world, 30, concurrency_key="gold")
    calls(world, 30, concurrency_key="plain")
    served = []
    for _ in range(24):
        (run,) = taken(puppet)
        served += keys(world, [run])
        puppet.report(run, done())
    assert 17 <= served.count("gold") <= 19


def test_a_key_comes_out_of_the_payload(world: World) -> None:
    spec = job("bill", "order", limits=QueueLimits(per_key=1), concurrency_key="customer.id")
    puppet = world.worker(spec)
    for customer in (7, 7, 8):
        world.send("order", f'{{"customer":{{"id":{customer}}}}}')
    world.send("order", '{"customer":null}')
    assert sorted(keys(world, taken(puppet)), key=str) == ["7", "8", None]


def test_keys_share_a_queue_without_limits_fairly(world: World) -> None:
    puppet = world.worker(job("bill"))
    calls(world, 300, concurrency_key="big")
    calls(world, 5, concurrency_key="small")
    served = []
    for _ in range(16):
        runs = taken(puppet)
        served += keys(world, runs)
        for run in runs:
            puppet.report(run, done())
    assert len(served) == 160
    assert served.count("small") == 5


# ── rates ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_rate_spaces_starts_out(world: World) -> None:
    puppet = limited(world, rate=Rate(6, MINUTE))
    calls(world, 4)
    started = []
    for _ in range(31):
        world.fire()
        started.append(len(taken(puppet)))
        world.advance(1)
    assert sum(started) == 4
    assert [second for second, count in enumerate(started) if count] == [0, 10, 20, 30]


def test_a_burst_may_come_at_once(world: World) -> None:
    puppet = limited(world, rate=Rate(6, MINUTE, burst=3))
    calls(world, 5)
    assert len(taken(puppet)) == 3
    fired = world.fire()
    assert fired.next_at is not None
    world.advance(10)
    world.fire()
    assert len(taken(puppet)) == 1


def test_a_key_rate_holds_back_its_key_only(world: World) -> None:
    puppet = limited(world, key_rate=Rate(1, MINUTE))
    calls(world, 2, concurrency_key="a")
    calls(world, 2, concurrency_key="b")
    assert sorted(keys(world, taken(puppet)), key=str) == ["a", "b"]
    world.advance(30)
    world.fire()
    assert taken(puppet) == []
    world.advance(31)
    world.fire()
    assert sorted(keys(world, taken(puppet)), key=str) == ["a", "b"]


# ── changed while it runs ────────────────────────────────────────────────────────────────────────────
def change(world: World, name: str = "bill", **said: Any) -> Any:
    return world.do(ChangeQueue(world.env, name, **said))


def test_a_limit_counts_what_runs_already(world: World) -> None:
    puppet = world.worker(job("bill"))
    calls(world, 8)
    running = taken(puppet, 3)
    change(world, limits={"concurrency": 2})
    assert taken(puppet) == []
    for run in running[:2]:
        puppet.report(run, done())
    assert len(taken(puppet)) == 1, "one still runs from before"
    change(world, limits={"concurrency": 4})
    assert len(taken(puppet)) == 2
    change(world, is_reset=True)
    assert len(taken(puppet)) == 2
    assert taken(puppet) == []


def test_a_lower_limit_holds_what_was_admitted_and_not_begun(world: World) -> None:
    puppet = limited(world, concurrency=5)
    calls(world, 6)
    (run,) = taken(puppet, 1)
    change(world, limits={"concurrency": 2})
    assert len(taken(puppet)) == 1
    puppet.report(run, done())
    assert len(taken(puppet)) == 1


def test_a_paused_queue_starts_nothing(world: World) -> None:
    puppet = world.worker(job("bill"), job("ship"))
    calls(world, 2)
    (run,) = taken(puppet, 1)
    assert change(world, paused=True, by="Ada").paused_by == "Ada"
    (other,) = [calls(world, 1, "ship"), taken(puppet)][1]
    assert other.job_id == "ship"
    calls(world, 1)
    puppet.report(run, done())
    assert taken(puppet) == []
    change(world, paused=False)
    assert len(taken(puppet)) == 2


def test_what_an_operator_said_outlives_a_registration(world: World) -> None:
    limited(world, concurrency=5)
    change(world, limits={"concurrency": 1})
    puppet = limited(world, concurrency=3)
    calls(world, 4)
    assert len(taken(puppet)) == 1
    change(world, is_reset=True)
    assert len(taken(puppet)) == 2


def test_a_key_limit_given_later_counts_what_runs(world: World) -> None:
    puppet = world.worker(job("bill"))
    calls(world, 4, concurrency_key="a")
    (run,) = taken(puppet, 1)
    change(world, limits={"per_key": 1})
    assert taken(puppet) == []
    puppet.report(run, done())
    assert len(taken(puppet)) == 1


def test_a_queue_that_is_not_there_or_a_limit_that_is_none(world: World) -> None:
    world.worker(job("bill"))
    with pytest.raises(NotFound, match="no queue 'bil'"):
        change(world, "bil", paused=True)
    with pytest.raises(InvalidQueue, match="concurrency of queue 'bill' is 0"):
        change(world, limits={"concurrency": 0})
    with pytest.raises(InvalidQueue, match="no queue 'typo'"):
        world.call("bill", queue="typo")
    with pytest.raises(InvalidQueue, match="300 characters"):
        world.call("bill", concurrency_key="k" * 300)


# ── shared queues ────────────────────────────────────────────────────────────────────────────────────
def test_a_shared_queue_counts_all_its_jobs(world: World) -> None:
    both = world.worker(
        job("bill", queue="slow", limits=QueueLimits(concurrency=2)), job("ship", queue="slow")
    )
    calls(world, 2, "bill")
    calls(world, 2, "ship")
    runs = taken(both)
    assert len(runs) == 2
    puppet_runs = [run.job_id for run in runs]
    assert puppet_runs == ["bill", "bill"]


def test_a_job_without_a_worker_takes_no_slot_of_a_shared_queue(world: World) -> None:
    shared = QueueLimits(concurrency=1)
    absent = world.worker(job("bill", queue="slow", limits=shared))
    puppet = world.worker(job("ship", queue="slow", limits=shared))
    calls(world, 2, "bill")  # one of them is admitted
    absent.leave()
    (ship,) = calls(world, 1, "ship")
    (run,) = taken(puppet)
    assert run.run_id == ship
    back = world.worker(job("bill", queue="slow", limits=shared))
    assert taken(back) == []
    puppet.report(run, done())
    assert [run.job_id for run in taken(back)] == ["bill"]


def test_a_run_may_stand_in_another_queue(world: World) -> None:
    puppet = world.worker(job("bill"), job("slow", limits=QueueLimits(concurrency=1)))
    calls(world, 2, queue="slow")
    assert len(taken(puppet)) == 1


# ── the whole environment ────────────────────────────────────────────────────────────────────────────
def test_I6_an_environment_never_has_more_leases_than_its_limit(world: World) -> None:
    puppet, other = world.worker(job("bill")), world.worker(job("bill"))
    calls(world, 6)
    (run,) = taken(puppet, 1)
    world.do(LimitEnvironment(world.env, 3))
    assert len(taken(other)) == 2
    assert taken(puppet) == []
    _answer, claimed = world.apply(puppet.commit_command(report(run, done())), other.claim_command())
    assert len(claimed.runs) == 1
    world.do(LimitEnvironment(world.env, None))
    assert len(taken(puppet)) == 2
