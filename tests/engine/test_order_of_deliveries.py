"""What counts as having come after a run began is counted, not told by the clock, which may be set back (I7)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import pytest

from engine.items import done, job, listen, parked
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import HOUR
from mainspring.engine.commands import SendEvents


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("bill", "order"))


@pytest.mark.parametrize("correlation_id", [None, "c-1"])
def test_I7_an_event_after_the_clock_was_set_back_is_heard(
    world: World, puppet: Puppet, correlation_id: str | None
) -> None:
    world.send("order")
    run = puppet.take_one()
    world.clock.shift(-HOUR)
    event = world.send("go", correlation_id=correlation_id).event
    puppet.report(run, listen("go", "go", correlation_id), parked("go"))
    assert world.task(run.run_id, "go").event_id == event.id


def test_I7_a_delayed_event_counts_from_its_delivery(world: World, puppet: Puppet) -> None:
    sent = world.send("go", delay=1_000_000).event
    world.call("bill")
    run = puppet.take_one()
    world.advance(1)
    world.fire()
    puppet.report(run, listen("go", "go"), parked("go"))
    assert world.task(run.run_id, "go").event_id == sent.id


@pytest.mark.parametrize("shift", [0, -HOUR, HOUR])
def test_I7_an_event_from_before_the_run_is_not_heard_whatever_the_clock_says(
    world: World, puppet: Puppet, shift: int
) -> None:
    world.clock.shift(HOUR)
    world.send("go")
    world.clock.shift(shift)
    world.call("bill")
    run = puppet.take_one()
    puppet.report(run, listen("go", "go"), parked("go"))
    assert world.status(run.run_id) == "WAITING"


def test_I7_what_is_sent_together_with_a_runs_first_event_is_heard(world: World, puppet: Puppet) -> None:
    order, go = world.draft("order"), world.draft("go")
    world.do(SendEvents(world.env, (order, go)))
    run = puppet.take_one()
    puppet.report(run, listen("go", "go"), parked("go"))
    assert world.task(run.run_id, "go").event_id == go.id


def test_early_events_are_taken_in_the_order_of_their_delivery(world: World, puppet: Puppet) -> None:
    world.call("bill")
    run = puppet.take_one()
    first = world.send("go").event
    world.clock.shift(-HOUR)
    second = world.send("go").event
    puppet.report(run, listen("a", "go"), listen("b", "go"), done())
    tasks = world.tasks(run.run_id)
    assert [tasks["a"].event_id, tasks["b"].event_id] == [first.id, second.id]
