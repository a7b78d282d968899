"""Changed code: a run whose code no longer fits its checkpoints waits for a person and goes on when told to (I5)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import pytest

from engine.items import done, job, listen, parked, sleep, succeeded
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import MINUTE
from mainspring.engine.commands import CancelRun, ResumeRun
from mainspring.errors import Conflict, NotFound
from mainspring.model.protocol import ClaimedRun, RunDrifted, TaskSucceeded
from mainspring.model.tasks import TaskLabel

DRIFT = RunDrifted("task 'a' was given other input", "a")


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", max_duration=10 * MINUTE))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    """Its task is kept with a fingerprint."""
    world.call("bill")
    run = puppet.take_one()
    puppet.report(run, TaskSucceeded(TaskLabel("a", "task", "a", fingerprint="f1"), 1, 1, '"A"', 1))
    return run


def test_I5_a_drifted_run_waits_and_says_why(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, DRIFT)
    assert world.status(run.run_id) == "WAITING"
    (wait,) = world.view(run.run_id).waiting_for
    assert (wait.kind, wait.message) == ("drift", DRIFT.message)
    assert world.kinds(run.run_id)[-1] == "DRIFT_FOUND a"


def test_a_person_lets_it_go_on(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, DRIFT)
    answer = world.do(ResumeRun(world.env, run.run_id))
    assert answer.status == "PENDING"
    again = puppet.take_one()
    (checkpoint,) = again.checkpoints
    assert (checkpoint.fingerprint, checkpoint.output) == ("", '"A"'), "taken as it is kept, compared no more"
    assert world.view(run.run_id).waiting_for == ()
    puppet.report(again, done())


def test_only_a_drifted_run_can_be_let_go_on(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    for run_id in (run.run_id, world.call("bill").id):
        with pytest.raises(Conflict):
            world.do(ResumeRun(world.env, run_id))
    puppet.report(run, DRIFT)
    with pytest.raises(NotFound):
        world.do(ResumeRun(world.environment("other"), run.run_id))
    world.do(ResumeRun(world.env, run.run_id))
    with pytest.raises(Conflict):
        world.do(ResumeRun(world.env, run.run_id))


def test_nothing_but_a_person_wakes_it(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    """Its other waits resolve meanwhile; the changed code would only meet the difference again."""
    puppet.report(run, listen("go", "go"), sleep("nap", 5), DRIFT)
    world.send("go")
    world.advance(5)
    world.fire()
    assert world.status(run.run_id) == "WAITING"
    assert [wait.kind for wait in world.view(run.run_id).waiting_for] == ["drift"]
    world.do(ResumeRun(world.env, run.run_id))
    again = puppet.take_one()
    assert {c.key: c.status for c in again.checkpoints} == {"a": "SUCCESS", "go": "SUCCESS", "nap": "SUCCESS"}


def test_it_may_drift_again(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, succeeded("b", position=2), DRIFT)
    world.do(ResumeRun(world.env, run.run_id))
    again = puppet.take_one()
    puppet.report(again, RunDrifted("task 'b' is another kind", "b"))
    (wait,) = world.view(run.run_id).waiting_for
    assert wait.message == "task 'b' is another kind"


def test_a_drifted_run_can_be_cancelled_and_times_out(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    other = world.call("bill")
    puppet.report(puppet.take_one(), DRIFT)
    puppet.report(run, DRIFT)
    world.do(CancelRun(world.env, run.run_id))
    assert world.status(run.run_id) == "CANCELLED"
    world.advance(600)
    world.fire()
    assert world.status(other.id) == "TIMED_OUT"
    assert world.waits(other.id) == {}


def test_a_run_asked_to_stop_does_not_wait_for_a_person(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    world.do(CancelRun(world.env, run.run_id))
    puppet.report(run, DRIFT)
    assert world.status(run.run_id) == "CANCELLED"


def test_a_run_that_drifts_in_replay_waits_for_nothing_else(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, sleep("nap", 5), parked("nap"))
    world.advance(5)
    world.fire()
    puppet.report(puppet.take_one(), DRIFT)
    assert set(world.waits(run.run_id)) == {"#drift"}
