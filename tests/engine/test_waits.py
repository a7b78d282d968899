"""Waits: never early (I9), resolved exactly once (I7), and shown while they last (I5)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json

import pytest

from engine.items import done, job, label, listen, parked, sleep, started, succeeded
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import HOUR, SECOND
from mainspring.engine.commands import CancelRun
from mainspring.model.protocol import ClaimedRun, RunChanged, WaitCancelled, WaitDelivered, WaitStarted
from mainspring.model.waits import WaitSpec


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────
def test_I9_a_sleep_is_never_early(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    assert puppet.report(run, sleep("nap", 3), parked("nap")).parked
    assert world.status(run.run_id) == "WAITING"
    assert world.fire().next_at == world.now + 3 * SECOND
    world.advance(2.999999)
    assert world.fire().count == 0
    assert world.status(run.run_id) == "WAITING"
    world.advance(0.000001)
    assert world.fire().next_at is None
    assert world.status(run.run_id) == "PENDING"
    task = world.task(run.run_id, "nap")
    assert (task.status, task.output, task.finished_at) == ("SUCCESS", "null", world.now)


@pytest.mark.parametrize(("age", "left"), [(1, 2), (3, 0), (60, 0)])
def test_I9_a_sleep_counts_from_when_the_code_began_to_wait(
    world: World, puppet: Puppet, run: ClaimedRun, age: int, left: int
) -> None:
    nap = WaitStarted(label("nap", "wait"), WaitSpec("time", delay=3 * SECOND), age=age * SECOND)
    puppet.report(run, nap, parked("nap"))
    (wait,) = world.view(run.run_id).waiting_for
    assert wait.due_at == world.now + left * SECOND
    assert world.fire().next_at == (wait.due_at if left else None)


def test_a_wait_until_an_instant(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    at = world.now + HOUR
    puppet.report(run, WaitStarted(label("nap", "wait"), WaitSpec("time", until=at)), parked("nap"))
    world.advance(3_599)
    world.fire()
    assert world.status(run.run_id) == "WAITING"
    world.advance(1)
    world.fire()
    assert world.status(run.run_id) == "PENDING"


@pytest.mark.parametrize("spec", [WaitSpec("time", until=5), WaitSpec("time", delay=0)])
def test_an_instant_that_has_passed_is_no_error(
    world: World, puppet: Puppet, run: ClaimedRun, spec: WaitSpec
) -> None:
    puppet.report(run, WaitStarted(label("nap", "wait"), spec), parked("nap"))
    world.fire()
    assert world.status(run.run_id) == "PENDING"


def test_I5_a_waiting_run_says_what_for(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, sleep("nap", 60), listen("go", "order.paid", "o-1", timeout=9), parked("nap", "go"))
    shown = {wait.task_key: wait for wait in world.view(run.run_id).waiting_for}
    assert (shown["nap"].kind, shown["nap"].due_at) == ("time", world.now + 60 * SECOND)
    assert (shown["go"].kind, shown["go"].event_name, shown["go"].correlation_id) == (
        "event",
        "order.paid",
        "o-1",
    )
    assert shown["go"].due_at == world.now + 9 * SECOND
    assert {task.status for task in world.tasks(run.run_id).values()} == {"WAITING"}


def test_a_parked_run_holds_no_slot_and_no_worker(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, sleep("nap", 60), parked("nap"))
    kept = world.run(run.run_id)
    assert (kept.worker_id, kept.lease, kept.is_ready) == (None, 1, False)
    puppet.die()
    assert world.status(run.run_id) == "WAITING"
    assert world.run(run.run_id).crashes == 0


def test_any_worker_takes_a_resumed_run(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, sleep("nap", 1), parked("nap"))
    puppet.leave()
    world.advance(1)
    world.fire()
    again = world.worker(job("bill")).take_one()
    assert (again.run_id, again.lease) == (run.run_id, 2)


def test_timers_are_handled_in_portions_the_earliest_first(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, *(sleep(f"nap-{n}", n) for n in (3, 1, 2)))
    world.advance(5)
    for expected in (["nap-1"], ["nap-1", "nap-2"], ["nap-1", "nap-2", "nap-3"]):
        fired = world.fire(limit=1)
        assert fired.count == 1
        resolved = [key for key, task in world.tasks(run.run_id).items() if task.status == "SUCCESS"]
        assert sorted(resolved) == expected
    assert world.fire().next_at is None


# ── timeouts ─────────────────────────────────────────────────────────────────────────────────────────
def test_I9_a_timeout_fails_the_wait_and_the_run_goes_on(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("go", "go", timeout=10), parked("go"))
    world.advance(9.999999)
    world.fire()
    assert world.status(run.run_id) == "WAITING"
    world.advance(0.000001)
    world.fire()
    task = world.task(run.run_id, "go")
    failure = json.loads(task.failure or "")
    assert (task.status, failure["code"], failure["task_key"]) == ("FAILED", "wait_timeout", "go")
    assert "'go'" in failure["message"]
    again = puppet.take_one()
    (checkpoint,) = again.checkpoints
    assert (checkpoint.status, checkpoint.failure) == ("FAILED", task.failure)
    assert world.kinds(run.run_id)[-3:] == ["JOB_WAITING", "WAIT_TIMED_OUT go", "JOB_RESUMED"]


def test_I7_an_event_after_the_timeout_is_too_late(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go", timeout=10), parked("go"))
    world.advance(10)
    world.fire()
    world.send("go")
    assert world.task(run.run_id, "go").status == "FAILED"
    assert world.kinds(run.run_id).count("WAIT_TIMED_OUT go") == 1
    assert "WAIT_RESOLVED go" not in world.kinds(run.run_id)


def test_I7_an_event_before_the_timer_wins(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go", timeout=10), parked("go"))
    world.advance(20)  # the timer is late
    world.send("go")
    world.fire()
    assert world.task(run.run_id, "go").status == "SUCCESS"
    assert "WAIT_TIMED_OUT go" not in world.kinds(run.run_id)


# ── resolved under the worker's hands ────────────────────────────────────────────────────────────────
def test_parking_is_refused_when_the_wait_is_over(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), sleep("nap", 60))
    world.send("go", '{"n":1}')
    answer = puppet.report(run, parked("go", "nap"))
    assert not answer.parked
    (resolved,) = answer.resolved
    assert (resolved.key, resolved.status, json.loads(resolved.output or "")["payload"]) == (
        "go",
        "SUCCESS",
        {"n": 1},
    )
    kept = world.run(run.run_id)
    assert (kept.status, kept.worker_id) == ("RUNNING", puppet.id)
    assert puppet.report(run, WaitDelivered("go", 1), parked("nap")).parked
    assert world.task(run.run_id, "go").position == 1


def test_parking_on_nothing_is_refused(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    assert not puppet.report(run, parked()).parked
    assert not puppet.report(run, parked("never-registered")).parked
    assert world.status(run.run_id) == "RUNNING"


def test_the_holder_gets_a_notice_and_acknowledges_it(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("a", "go"), listen("b", "go"), started("c"))
    world.send("go")
    told = puppet.claim(0)
    assert told is not None
    (notice,) = told.notices
    assert (notice.run_id, notice.lease, [c.key for c in notice.resolved]) == (run.run_id, run.lease, ["a"])
    assert puppet.beat().notices == told.notices, "until it is acknowledged it is told again"
    assert puppet.claim(0, noticed=((run.run_id, notice.number),)) is None
    world.send("go")
    told = puppet.claim(0)
    assert told is not None
    assert told.notices[0].number > notice.number
    assert {c.key for c in told.notices[0].resolved} == {"a", "b"}, "what did not reach user code is repeated"
    puppet.report(run, WaitDelivered("a", 1), WaitDelivered("b", 2))
    assert puppet.beat().notices[0].resolved == ()


def test_an_old_acknowledgement_hides_no_newer_notice(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("a", "go"), listen("b", "go"))
    world.send("go")
    (first,) = puppet.beat().notices
    world.send("go")
    told = puppet.claim(0, noticed=((run.run_id, first.number),))
    assert told is not None
    assert [n.number for n in told.notices] == [first.number + 1]


def test_only_the_holder_can_acknowledge(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("a", "go"))
    world.send("go")
    (notice,) = puppet.beat().notices
    world.worker(job("bill")).claim(0, noticed=((run.run_id, notice.number),))
    assert puppet.beat().notices == (notice,)


def test_delivered_waits_replay_in_the_order_of_delivery(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("a", "a"), listen("b", "b"), sleep("nap", 60))
    world.send("b")
    world.send("a")
    puppet.report(run, WaitDelivered("a", 1), succeeded("task", position=2), WaitDelivered("b", 3))
    puppet.die()
    again = world.worker(job("bill")).take_one()
    assert [(c.key, c.position) for c in again.checkpoints] == [
        ("a", 1),
        ("task", 2),
        ("b", 3),
        ("nap", None),
    ]


# ── given up ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_wait_that_is_given_up_is_over(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), sleep("nap", 1))
    puppet.report(run, WaitCancelled("go", 1), WaitCancelled("nap", 2))
    assert {key: (t.status, t.position) for key, t in world.tasks(run.run_id).items()} == {
        "go": ("CANCELLED", 1),
        "nap": ("CANCELLED", 2),
    }
    assert world.waits(run.run_id) == {}
    world.send("go")
    world.advance(5)
    assert world.fire().count == 0
    assert puppet.claim(0) is None


def test_begun_and_given_up_in_one_report(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.send("go")
    puppet.report(run, listen("go", "go"), WaitCancelled("go", 1))
    assert world.task(run.run_id, "go").status == "CANCELLED"
    assert world.waits(run.run_id) == {}
    puppet.report(run, listen("go#2", "go"))
    assert world.task(run.run_id, "go#2").status == "SUCCESS", "nobody used the event"


def test_I7_a_wait_resolved_before_it_was_given_up_stays_resolved(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, listen("go", "go"))
    world.send("go")
    puppet.report(run, WaitCancelled("go", 1))
    assert world.task(run.run_id, "go").status == "SUCCESS"


# ── several ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_first_of_several_wakes_the_run(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, sleep("nap", 60), listen("go", "go"), parked("nap", "go"))
    world.send("go")
    again = puppet.take_one()
    assert {c.key: c.status for c in again.checkpoints} == {"go": "SUCCESS", "nap": "WAITING"}
    puppet.report(again, WaitDelivered("go", 1), WaitCancelled("nap", 2), done())
    assert world.status(run.run_id) == "SUCCESS"


def test_a_wait_that_ends_between_runs_and_parking_again(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    """Both waits end, one while parked and one while pending: the next holder gets both."""
    puppet.report(run, sleep("nap", 1), listen("go", "go"), parked("nap", "go"))
    world.advance(1)
    world.fire()
    world.send("go")
    assert world.status(run.run_id) == "PENDING"
    assert {c.status for c in puppet.take_one().checkpoints} == {"SUCCESS"}


def test_a_cancelled_run_that_parks_is_ended(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.do(CancelRun(world.env, run.run_id))
    answer = puppet.report(run, RunChanged(progress="1"), sleep("nap", 60), parked("nap"))
    assert answer.parked
    assert world.status(run.run_id) == "CANCELLED"
    assert world.waits(run.run_id) == {}
