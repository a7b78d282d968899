"""Endings: every way a run ends, once and for all, with all that it had open (I5)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from collections.abc import Callable

import pytest

from engine.items import await_run, broke, done, failed, job, listen, parked, sleep, started, succeeded
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.account import run_attempts
from mainspring.engine.commands import CancelRun
from mainspring.model.protocol import ClaimedRun, RunCancelConfirmed, RunReleased


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", max_duration=10 * MINUTE), job("parent"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("bill")
    return puppet.take_one()


# ── well, badly, again ───────────────────────────────────────────────────────────────────────────────
def test_a_run_ends_with_its_output(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.advance(3)
    puppet.report(run, succeeded("a"), done('{"ok":true}'))
    kept = world.run(run.run_id)
    assert (kept.status, kept.output, kept.failure) == ("SUCCESS", '{"ok":true}', None)
    assert (kept.finished_at, kept.worker_id, kept.timer_at) == (world.now, None, None)
    world.advance(3_600)
    assert world.fire().count == 0


def test_a_run_fails_with_the_task_that_failed_it(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, failed("charge"), broke("charge failed", code="task_failed", task_key="charge"))
    kept = world.run(run.run_id)
    failure = json.loads(kept.failure or "")
    assert (kept.status, failure["code"], failure["task_key"]) == ("FAILED", "task_failed", "charge")
    entry = world.history(run.run_id)[-1]
    assert (entry.kind, json.loads(entry.data or "")["task"]) == ("JOB_FAILED", "charge")


def test_I9_a_body_that_broke_is_tried_again_after_the_delay(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, succeeded("a"), broke("first", retry_in=30))
    kept = world.run(run.run_id)
    assert (kept.status, kept.attempt, kept.is_ready) == ("PENDING", 2, False)
    assert (kept.available_at, kept.worker_id) == (world.now + 30 * SECOND, None)
    world.advance(29.999999)
    world.fire()
    assert puppet.take() == ()
    world.advance(0.000001)
    world.fire()
    again = puppet.take_one()
    assert (again.attempt, again.lease, [c.key for c in again.checkpoints]) == (2, 2, ["a"])
    puppet.report(again, done())
    assert world.run(run.run_id).failure is None
    with world.read() as tx:
        (attempt,) = run_attempts(tx, world.env, run.run_id)
    assert (attempt.number, json.loads(attempt.failure)["message"]) == (1, "first")
    assert world.kinds(run.run_id) == [
        "RUN_CREATED",
        "JOB_STARTED",
        "TASK_COMPLETED a",
        "JOB_RETRIED",
        "JOB_RESUMED",
        "JOB_COMPLETED",
    ]


def test_the_last_attempt_is_the_last_whatever_the_worker_asks_for(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    for attempt in (1, 2, 3):
        puppet.report(run, broke(f"failure {attempt}", retry_in=1))
        if attempt < 3:
            world.advance(1)
            world.fire()
            run = puppet.take_one()
    kept = world.run(run.run_id)
    assert (kept.status, kept.attempt) == ("FAILED", 3)
    with world.read() as tx:
        assert [a.number for a in run_attempts(tx, world.env, run.run_id)] == [1, 2, 3]


def test_waits_outlive_a_body_that_broke(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), broke(retry_in=1))
    world.send("go")
    assert world.status(run.run_id) == "PENDING"
    assert not world.run(run.run_id).is_ready, "the delay holds all the same"
    world.advance(1)
    world.fire()
    assert [(c.key, c.status) for c in puppet.take_one().checkpoints] == [("go", "SUCCESS")]


def test_a_released_run_goes_on_elsewhere(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, succeeded("a"), RunReleased())
    kept = world.run(run.run_id)
    assert (kept.status, kept.worker_id, kept.crashes, kept.attempt) == ("PENDING", None, 0, 1)
    assert world.wake.ready == {world.env}
    again = world.worker(job("bill")).take_one()
    assert ([c.key for c in again.checkpoints], again.deadline_at) == (["a"], run.deadline_at)


# ── too long ─────────────────────────────────────────────────────────────────────────────────────────
def stay_running(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, started("a"))


def wait(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, listen("go", "go"), parked("go"))


def stand_in_the_queue(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, RunReleased())


def wait_and_stand_in_the_queue(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, sleep("nap", 1), parked("nap"))
    world.advance(1)
    world.fire()


def stand_between_attempts(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, broke(retry_in=3_600))


def lose_the_worker(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.die()


def be_cancelled_late(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    world.advance(590)
    world.do(CancelRun(world.env, run.run_id))


@pytest.mark.parametrize(
    "state",
    [
        stay_running,
        wait,
        stand_in_the_queue,
        wait_and_stand_in_the_queue,
        stand_between_attempts,
        lose_the_worker,
        be_cancelled_late,
    ],
    ids=lambda state: state.__name__,
)
def test_I9_max_duration_ends_a_run_in_every_status(
    world: World, puppet: Puppet, run: ClaimedRun, state: Callable[[World, Puppet, ClaimedRun], None]
) -> None:
    """It counts from the first start, through waits and retries."""
    assert run.deadline_at == world.now + 10 * MINUTE
    state(world, puppet, run)
    world.clock.advance(run.deadline_at - world.now - 1)
    world.fire()
    assert world.status(run.run_id) != "TIMED_OUT"
    world.advance(0.000001)
    assert world.fire().next_at is None
    kept = world.run(run.run_id)
    assert (kept.status, kept.finished_at) == ("TIMED_OUT", world.now)
    assert json.loads(kept.failure or "")["code"] == "max_duration"
    assert "600 seconds" in json.loads(kept.failure or "")["message"]
    assert world.waits(run.run_id) == {}
    assert {task.status for task in world.tasks(run.run_id).values()} <= {"CANCELLED", "SUCCESS"}
    assert puppet.take() == ()


def test_max_duration_does_not_count_the_queue(world: World, puppet: Puppet) -> None:
    world.call("bill")
    world.advance(3_600)
    world.fire()
    assert puppet.take_one().deadline_at == world.now + 10 * MINUTE


# ── cancelled on the way ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "item", [RunCancelConfirmed(), RunReleased(), broke(), broke(retry_in=1)], ids=lambda item: item.kind
)
def test_a_run_asked_to_stop_ends_cancelled(
    world: World, puppet: Puppet, run: ClaimedRun, item: RunReleased
) -> None:
    world.do(CancelRun(world.env, run.run_id))
    puppet.report(run, item)
    assert world.status(run.run_id) == "CANCELLED"
    assert world.kinds(run.run_id)[-1] == "JOB_CANCELLED"


@pytest.mark.parametrize("blames", [True, False])
def test_a_run_asked_to_stop_ends_with_its_worker(
    world: World, puppet: Puppet, run: ClaimedRun, blames: bool
) -> None:
    world.do(CancelRun(world.env, run.run_id))
    puppet.die(blames=blames)
    assert world.status(run.run_id) == "CANCELLED"


# ── who is told ──────────────────────────────────────────────────────────────────────────────────────
ENDS: dict[str, Callable[[World, Puppet, ClaimedRun], None]] = {
    "SUCCESS": lambda world, puppet, run: _drop(puppet.report(run, done("1"))),
    "FAILED": lambda world, puppet, run: _drop(puppet.report(run, broke("no"))),
    "CANCELLED": lambda world, puppet, run: _drop(
        world.do(CancelRun(world.env, run.run_id)), puppet.report(run, RunCancelConfirmed())
    ),
    "TIMED_OUT": lambda world, puppet, run: _drop(world.advance(600), world.fire()),
}


def _drop(*_: object) -> None:
    """The answers do not matter."""


@pytest.mark.parametrize("status", sorted(ENDS))
def test_whoever_waits_for_a_run_is_told_of_every_end(
    world: World, puppet: Puppet, run: ClaimedRun, status: str
) -> None:
    parents = []
    for _ in range(2):
        world.call("parent")
        parent = puppet.take_one()
        puppet.report(parent, await_run("child", run.run_id), parked("child"))
        parents.append(parent.run_id)
    ENDS[status](world, puppet, run)
    assert world.status(run.run_id) == status
    for parent_id in parents:
        assert world.status(parent_id) == "PENDING"
        told = json.loads(world.task(parent_id, "child").output or "")
        assert (told["run_id"], told["status"]) == (run.run_id, status)
        assert (told["error"] is None) == (status in ("SUCCESS", "CANCELLED"))


def test_a_final_status_never_changes(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, done())
    kept = world.run(run.run_id)
    puppet.die()
    world.do(CancelRun(world.env, run.run_id))
    world.advance(3_600)
    world.fire()
    assert world.run(run.run_id) == kept
