"""Runs that begin as they are made, under a claim that waits: no different from runs that a claim found."""

from dataclasses import replace
from typing import Any

import pytest

from engine.items import job
from engine.puppet import Puppet
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import LimitEnvironment, SendEvents, TriggerRuns
from mainspring.model.protocol import RunDraft


def draft(world: World, job_id: str = "bill", **options: Any) -> RunDraft:
    return RunDraft(world.ids.new("run"), job_id, '{"n":1}', **options)


def at_once(world: World, puppet: Puppet, *drafts: RunDraft, slots: int = 10) -> list[str]:
    """Started while the claim is open: the ids of the runs that it is answered with."""
    command = puppet.claim_command(slots)
    _runs, answer = world.apply(TriggerRuns(world.env, drafts), command)
    puppet.receive(answer)
    return [run.run_id for run in answer.runs] if answer is not None else []


@pytest.mark.parametrize("options", [{}, {"ttl": MINUTE, "tags": ("a",), "metadata": '{"m":2}'}])
def test_a_run_that_begins_as_it_is_made_is_as_if_it_had_been_claimed(
    world: World, options: dict[str, Any]
) -> None:
    puppet = world.worker(job("bill", max_duration=5 * SECOND))
    first, second = draft(world, **options), draft(world, **options)
    _runs, one = world.apply(TriggerRuns(world.env, (first,)), puppet.claim_command())
    world.do(TriggerRuns(world.env, (second,)))
    two = puppet.claim()
    assert one is not None
    assert two is not None
    assert replace(one.runs[0], run_id="") == replace(two.runs[0], run_id="")
    begun, claimed = world.run(first.run_id), world.run(second.run_id)
    assert replace(begun, id="", claim_seq=0) == replace(claimed, id="", claim_seq=0)
    assert (begun.status, begun.lease, begun.claim_seq + 1) == ("RUNNING", 1, claimed.claim_seq)
    assert world.kinds(first.run_id) == world.kinds(second.run_id) == ["RUN_CREATED", "JOB_STARTED"]


def test_an_event_starts_its_run_under_the_claim_that_waits(world: World) -> None:
    puppet = world.worker(job("bill", "paid"))
    _sent, answer = world.apply(SendEvents(world.env, (world.draft("paid"),)), puppet.claim_command())
    (run,) = answer.runs
    assert run.event is not None
    assert world.run(run.run_id).status == "RUNNING"


def test_what_was_ready_before_goes_first(world: World) -> None:
    puppet = world.worker(job("bill"))
    earlier = world.call("bill").id
    assert at_once(world, puppet, draft(world), slots=1) == [earlier]


def test_more_runs_than_slots_begin_by_their_priority(world: World) -> None:
    puppet = world.worker(job("bill"))
    low, high, middle = draft(world), draft(world, priority=9), draft(world, priority=5)
    assert at_once(world, puppet, low, high, middle, slots=2) == [high.run_id, middle.run_id]
    assert world.status(low.run_id) == "PENDING"
    assert puppet.take_one().run_id == low.run_id


def test_a_run_of_a_job_that_the_worker_does_not_have_waits(world: World) -> None:
    world.worker(job("ship"))
    puppet = world.worker(job("bill"))
    ours, theirs = draft(world), draft(world, "ship")
    assert at_once(world, puppet, theirs, ours) == [ours.run_id]
    assert world.status(theirs.run_id) == "PENDING"


def test_the_limit_of_an_environment_is_kept(world: World) -> None:
    puppet = world.worker(job("bill"))
    world.do(LimitEnvironment(world.env, 1))
    drafts = [draft(world) for _ in range(3)]
    assert len(at_once(world, puppet, *drafts)) == 1


def test_no_run_begins_with_a_worker_that_was_ended(world: World) -> None:
    puppet = world.worker(job("bill"))
    command = puppet.claim_command()
    world.worker(job("bill"))
    puppet.die()
    one = draft(world)
    _runs, answer = world.apply(TriggerRuns(world.env, (one,)), command)
    assert answer.unknown_worker
    assert world.status(one.run_id) == "PENDING"


def test_nothing_begins_that_is_delayed(world: World) -> None:
    puppet = world.worker(job("bill"))
    later = draft(world, delay=5 * SECOND)
    assert at_once(world, puppet, later) == []
    world.advance(6)
    world.fire()
    assert puppet.take_one().run_id == later.run_id
