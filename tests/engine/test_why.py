"""Why a run is not running: the one thing that holds it back, who has the slots, its place, and the mend (I5)."""

from typing import Any

from engine.items import done, job
from engine.puppet import Puppet
from engine.test_queues import calls, change, limited, taken
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import LimitEnvironment
from mainspring.engine.queue_reads import get_queue, list_queues, why
from mainspring.engine.views import QueueView
from mainspring.model.pending import PendingReason
from mainspring.model.queues import QueueLimits, Rate


def reason(world: World, run_id: str) -> PendingReason:
    with world.read() as tx:
        found = why(tx, world.env, run_id, world.now)
    assert found is not None
    return found


def queue(world: World, name: str = "bill") -> QueueView:
    with world.read() as tx:
        found = get_queue(tx, world.env, name)
    assert found is not None
    return found


def held(world: World, **limits: Any) -> tuple[Puppet, list[str], str]:
    """A queue whose limits two runs have used up, and the last of two that wait."""
    puppet = limited(world, **limits)
    calls(world, 4, concurrency_key="a")
    running = [run.run_id for run in taken(puppet)]
    with world.read() as tx:
        (last,) = tx.row("first_held", environment_id=world.env, name="bill") or (None,)
    return puppet, sorted(running), last


def test_a_limit_names_who_has_the_slots(world: World) -> None:
    _, running, waiting = held(world, concurrency=2)
    found = reason(world, waiting)
    assert (found.code, found.limit, found.position) == ("queue_limit", 2, 0)
    assert list(found.held_by) == running
    assert found.message == "queue 'bill' has 2 runs, its limit is 2; it is the next"
    assert found.action == "mainspring queues limit bill --concurrency N"
    assert found.predicted_at is None, "no run has ended yet"


def test_a_key_limit_too(world: World) -> None:
    _, running, waiting = held(world, per_key=2)
    found = reason(world, waiting)
    assert (found.code, found.limit, list(found.held_by)) == ("key_limit", 2, running)
    assert found.message.startswith("key 'a' of queue 'bill' has 2 runs")


def test_a_start_is_foretold_out_of_what_the_last_runs_took(world: World) -> None:
    puppet = limited(world, concurrency=1)
    calls(world, 6)
    for _ in range(3):
        (run,) = taken(puppet)
        world.advance(10)
        puppet.report(run, done())
    taken(puppet)
    with world.read() as tx:
        (first,) = tx.row("first_held", environment_id=world.env, name="bill") or (None,)
    assert reason(world, first).predicted_at == world.now + 10 * SECOND


def test_a_pause_says_by_whom_and_how_to_go_on(world: World) -> None:
    world.worker(job("bill"))
    (run,) = calls(world, 1)
    change(world, paused=True, by="Ada")
    found = reason(world, run)
    assert (found.code, found.action) == ("queue_paused", "mainspring queues resume bill")
    assert "paused by Ada" in found.message


def test_a_rate_says_until_when(world: World) -> None:
    puppet = limited(world, rate=Rate(1, MINUTE))
    _, second, third = calls(world, 3)
    taken(puppet)
    assert (reason(world, second).code, reason(world, second).until) == ("queue_rate", world.now + MINUTE)
    assert reason(world, third).predicted_at == world.now + 2 * MINUTE
    assert reason(world, third).position == 1


def test_a_key_rate_too(world: World) -> None:
    puppet = limited(world, key_rate=Rate(1, MINUTE))
    _, second = calls(world, 2, concurrency_key="a")
    taken(puppet)
    assert (reason(world, second).code, reason(world, second).until) == ("key_rate", world.now + MINUTE)


def test_the_environments_limit_is_a_reason(world: World) -> None:
    puppet = world.worker(job("bill"))
    _, second = calls(world, 2)
    taken(puppet, 1)
    world.do(LimitEnvironment(world.env, 1))
    found = reason(world, second)
    assert (found.code, found.limit) == ("environment_limit", 1)


def test_a_job_without_a_worker_is_the_reason_in_a_shared_queue(world: World) -> None:
    shared = QueueLimits(concurrency=1)
    world.worker(job("bill", queue="slow", limits=shared)).leave()
    world.worker(job("ship", queue="slow", limits=shared))
    (run,) = calls(world, 1)
    assert reason(world, run).code == "no_worker"
    assert queue(world, "slow").unserved == 1


def test_a_run_that_does_not_wait_has_no_reason(world: World) -> None:
    puppet = limited(world, concurrency=1)
    (run,) = [calls(world, 1), taken(puppet)][1]
    with world.read() as tx:
        assert why(tx, world.env, run.run_id, world.now) is None
        assert why(tx, "env_other", run.run_id, world.now) is None


def test_a_queue_shows_how_deep_it_is_and_who_is_in_it(world: World) -> None:
    puppet = limited(world, concurrency=3)
    began = world.now
    calls(world, 3, concurrency_key="a")
    world.advance(5)
    calls(world, 2, concurrency_key="b")
    taken(puppet, 2)
    shown = queue(world)
    assert (shown.depth, shown.oldest_at, shown.running, shown.admitted) == (3, began, 2, 1)
    assert [(key.key, key.taken) for key in shown.keys] == [("a", 3)]
    with world.read() as tx:
        assert [one.queue.name for one in list_queues(tx, world.env)] == ["bill"]
        assert list_queues(tx, "env_other") == []
