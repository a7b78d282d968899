"""Workers that take from some queues only: they are given nothing else, and a run that nobody takes says so."""

from typing import Any

import pytest

from engine.items import done, job
from engine.puppet import Puppet
from engine.test_queues import calls, taken
from engine.world import World
from mainspring.engine.commands import EndWorkers, TriggerRuns
from mainspring.errors import InvalidQueue
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import QueueLimits


def worker(world: World, *queues: str, name: str = "puppet", **options: Any) -> Puppet:
    """One that has both jobs: "render" in the queue "gpu", and "bill" in its own."""
    both = job("render", queue="gpu", **options), job("bill")
    return world.worker(*both, name=name, queues=queues)


def ids(puppet: Puppet, slots: int = 10) -> list[str]:
    return [run.run_id for run in taken(puppet, slots)]


def test_it_is_given_runs_of_its_queues_alone(world: World) -> None:
    gpu, others, every = worker(world, "gpu"), worker(world, "bill"), worker(world)
    picture, bill = world.call("render").id, world.call("bill").id
    moved = world.call("bill", queue="gpu").id
    assert sorted(ids(gpu)) == sorted([picture, moved])
    assert ids(others) == [bill]
    again = [world.call("render").id, world.call("bill").id]
    assert sorted(ids(every)) == sorted(again)


def test_in_their_order(world: World) -> None:
    gpu = worker(world, "gpu", "bill")
    first, second = world.call("render").id, world.call("bill", priority=1).id
    assert ids(gpu, 1) == [second]
    assert ids(gpu, 1) == [first]


def test_a_run_that_is_made_begins_only_where_it_may(world: World) -> None:
    gpu = worker(world, "gpu")
    claim = gpu.claim_command()
    draft = RunDraft(world.ids.new("run"), "bill", "{}")
    answer, _ = world.apply(claim, TriggerRuns(world.env, (draft,)))
    assert answer is None
    assert world.status(draft.run_id) == "PENDING"


def test_a_queue_that_nobody_takes_from_is_a_reason(world: World) -> None:
    worker(world, "bill", name="one")
    run_id = world.call("render").id
    reason = world.view(run_id).pending_reason
    assert reason is not None
    assert reason.code == "no_worker_for_queue"
    assert (
        reason.message
        == "no live worker that has the job 'render' takes from its queue 'gpu': one takes from bill"
    )
    assert reason.action == "mainspring worker APP --queues gpu"
    worker(world, "gpu")
    assert world.reason(run_id) == "waiting_for_slot"


def test_a_version_and_a_queue_go_together(world: World) -> None:
    old, new = worker(world, "gpu", version="1.0"), worker(world, "gpu", version="2.0")
    run_id = world.call("render", version="1.0").id
    assert ids(new) == []
    assert ids(old) == [run_id]


def test_limits_are_kept_where_only_some_take_from_a_queue(world: World) -> None:
    gpu = worker(world, "gpu", limits=QueueLimits(concurrency=1))
    first, second = calls(world, 2, "render")
    (run,) = taken(gpu)
    assert run.run_id == first
    assert ids(gpu) == []
    gpu.report(run, done())
    assert ids(gpu) == [second]


def test_a_queue_that_is_not_there_is_refused_with_the_near_one(world: World) -> None:
    with pytest.raises(InvalidQueue, match="no queue 'gpus' that the worker could take from") as caught:
        worker(world, "gpus")
    assert "Did you mean 'gpu'?" in str(caught.value)


def test_what_stands_in_other_queues_costs_a_claim_nothing(world: World) -> None:
    gpu = worker(world, "gpu")
    for _ in range(3):
        world.do(
            TriggerRuns(world.env, tuple(RunDraft(world.ids.new("run"), "bill", "{}") for _ in range(1_000)))
        )
    calls(world, 300, "render")
    plan = world.plan(
        "claim_runs_of_queues",
        worker_id=gpu.id,
        claim_seq=1,
        now=world.now,
        environment_id=world.env,
        names=["render", "bill"],
        queues=["gpu"],
        own_names=[],
        first_lane=0,
        last_lane=1,
        slots=10,
    )
    assert "runs_ready_in_queues" in plan
    for scan in ("SCAN runs", "SCAN i", "Seq Scan on runs"):
        assert scan not in plan
    world.do(EndWorkers("exited", environment_id=world.env, name="puppet"))
