"""Versions of a job side by side: who is given which run, who takes fresh ones, and what a run waits for in vain."""

from typing import Any

import pytest

from engine.items import done, job, parked, sleep
from engine.puppet import Puppet
from engine.test_queues import calls, taken
from engine.world import World
from mainspring.engine.commands import EndWorkers, RepinRun, TriggerRuns
from mainspring.engine.inspect import get_job
from mainspring.errors import BadRequest, Conflict, NotFound
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import QueueLimits


def bound(world: World, version: str, **options: Any) -> Puppet:
    """A worker whose job binds its runs, in a version."""
    registered = {name: options.pop(name) for name in ("name", "pinned_only") if name in options}
    return world.worker(job("bill", version=version, pin_version=True, **options), **registered)


def ids(puppet: Puppet, slots: int = 10) -> list[str]:
    return [run.run_id for run in taken(puppet, slots)]


def nap(world: World, puppet: Puppet) -> str:
    """A run that began with the puppet and is pending again."""
    run_id = world.call("bill").id
    puppet.report(puppet.take_one(), sleep("nap", 1), parked("nap"))
    world.advance(2)
    world.fire()
    assert world.status(run_id) == "PENDING"
    return run_id


def test_a_bound_run_goes_on_with_the_version_it_began_on(world: World) -> None:
    old = bound(world, "1.0")
    run_id = nap(world, old)
    new = bound(world, "2.0")
    assert ids(new) == []
    (again,) = taken(old)
    assert (again.run_id, again.job_version) == (run_id, "1.0")
    starts = [entry.data for entry in world.history(run_id) if entry.kind.startswith("JOB_")]
    assert starts[0] == starts[2] == '{"version":"1.0"}'


def test_one_that_is_not_bound_goes_on_with_any(world: World) -> None:
    old = world.worker(job("bill", version="1.0"))
    run_id = nap(world, old)
    new = world.worker(job("bill", version="2.0"))
    (again,) = taken(new)
    assert (again.run_id, again.job_version) == (run_id, "2.0")
    assert (world.run(run_id).job_version, world.run(run_id).pinned_version) == ("2.0", None)


def test_fresh_runs_go_to_the_version_registered_last(world: World) -> None:
    old, new = bound(world, "1.0"), bound(world, "2.0")
    run_id = world.call("bill").id
    assert ids(old) == []
    assert ids(new) == [run_id]
    assert world.run(run_id).pinned_version == "2.0"


def test_a_version_that_comes_again_takes_fresh_runs_again(world: World) -> None:
    """A rollback: all workers of the old version do, those that were there all along too."""
    first, new = bound(world, "1.0"), bound(world, "2.0")
    bound(world, "1.0")
    run_id = world.call("bill").id
    assert ids(new) == []
    assert ids(first) == [run_id]


def test_who_is_only_there_for_bound_runs_takes_no_others(world: World) -> None:
    run_id = nap(world, bound(world, "1.0"))
    new = bound(world, "2.0")
    world.do(EndWorkers("exited", environment_id=world.env, name="puppet"))
    assert taken(new) == []
    fresh = world.call("bill").id
    late = bound(world, "1.0", pinned_only=True)
    assert ids(late) == [run_id]
    assert world.reason(fresh) == "no_worker"
    again = bound(world, "2.0")
    bound(world, "1.0", pinned_only=True)
    assert ids(again) == [fresh]


def test_a_start_may_name_a_version(world: World) -> None:
    old, new = world.worker(job("bill", version="1.0")), world.worker(job("bill", version="2.0"))
    run_id = world.call("bill", version="1.0").id
    assert (world.run(run_id).job_version, world.run(run_id).pinned_version) == ("1.0", "1.0")
    assert ids(new) == []
    assert ids(old) == [run_id]


def test_the_payload_is_checked_as_that_version_has_it(world: World) -> None:
    world.worker(job("bill", version="1.0", payload_schema={"type": "string"}))
    world.worker(job("bill", version="2.0", payload_schema={"type": "integer"}))
    assert world.call("bill", '"a"', version="1.0").job_version == "1.0"
    assert world.call("bill", "1").job_version == "2.0"


def test_a_version_nobody_ever_had_is_refused_with_the_near_one(world: World) -> None:
    world.worker(job("bill", version="1.2.0"))
    draft = RunDraft("run_1", "bill", "{}", version="1.2.1")
    with pytest.raises(BadRequest, match=r"has no version '1.2.1'; it has 1.2.0") as caught:
        world.do(TriggerRuns(world.env, (draft,)))
    assert "Did you mean '1.2.0'?" in str(caught.value)
    with pytest.raises(NotFound, match="there is no job 'bil'"):
        world.do(TriggerRuns(world.env, (RunDraft("run_2", "bil", "{}", version="1.2.0"),)))


def test_an_absent_version_is_a_reason_that_names_who_has_what(world: World) -> None:
    old = bound(world, "1.0", name="old")
    run_id = nap(world, old)
    world.do(EndWorkers("exited", environment_id=world.env, name="old"))
    reason = world.view(run_id).pending_reason
    assert reason is not None
    assert (reason.code, reason.version, reason.live_versions) == ("pinned_version", "1.0", ())
    bound(world, "2.0", name="new")
    reason = world.view(run_id).pending_reason
    assert reason is not None
    assert (reason.code, reason.live_versions) == ("pinned_version", ("2.0",))
    assert "version 1.0 of 'bill', which no live worker has: new has 2.0" in reason.message
    assert f"mainspring runs repin {run_id} --version 2.0" in (reason.action or "")


def test_a_run_is_bound_to_another_version_by_hand(world: World) -> None:
    run_id = nap(world, bound(world, "1.0"))
    new = bound(world, "2.0")
    with pytest.raises(BadRequest, match=r"no version '3\.0'"):
        world.do(RepinRun(world.env, run_id, "3.0"))
    assert world.do(RepinRun(world.env, run_id, "2.0")).pinned_version == "2.0"
    (again,) = taken(new)
    assert (again.run_id, again.job_version) == (run_id, "2.0")
    assert "RUN_REPINNED" in world.kinds(run_id)
    new.report(again, done())
    with pytest.raises(Conflict, match="has ended"):
        world.do(RepinRun(world.env, run_id, "1.0"))


def test_to_none_it_goes_on_with_whoever_takes_it(world: World) -> None:
    run_id = nap(world, bound(world, "1.0"))
    new = bound(world, "2.0")
    world.do(RepinRun(world.env, run_id, None))
    assert ids(new) == [run_id]
    assert world.run(run_id).pinned_version == "2.0", "who takes it binds it again"


def test_a_slot_is_not_kept_for_a_version_that_nobody_has(world: World) -> None:
    limits = QueueLimits(concurrency=1)
    old = bound(world, "1.0", limits=limits)
    (stuck,) = calls(world, 1)
    old.report(old.take_one(), sleep("nap", 1), parked("nap"))
    world.do(EndWorkers("exited", environment_id=world.env, name="puppet"))
    new = bound(world, "2.0", limits=limits)
    world.advance(2)
    world.fire()
    (fresh,) = calls(world, 1)
    (run,) = taken(new)
    assert run.run_id == fresh
    assert world.reason(stuck) == "pinned_version"
    new.report(run, done())
    again = bound(world, "1.0", limits=limits, pinned_only=True)
    assert ids(again) == [stuck]


def test_what_is_bound_to_an_absent_version_costs_a_claim_nothing(world: World) -> None:
    bound(world, "1.0")
    new = bound(world, "2.0")
    for _ in range(3):
        drafts = tuple(
            RunDraft(world.ids.new("run"), "bill", "{}", version="1.0", priority=1) for _ in range(1_000)
        )
        world.do(TriggerRuns(world.env, drafts))
    fresh = world.call("bill").id
    plan = world.plan(
        "claim_runs",
        worker_id=new.id,
        claim_seq=1,
        now=world.now,
        environment_id=world.env,
        names=["bill", "bill/2.0"],
        first_lane=0,
        last_lane=1,
        slots=10,
    )
    assert "runs_ready" in plan
    for scan in ("SCAN runs", "SCAN i", "Seq Scan"):
        assert scan not in plan
    assert ids(new) == [fresh]


def test_a_job_tells_its_versions_and_who_has_them(world: World) -> None:
    bound(world, "1.0", name="one")
    world.advance(1)
    bound(world, "2.0", name="two")
    with world.read() as tx:
        view = get_job(tx, world.env, "bill")
    assert view is not None
    assert [(one.version, one.workers) for one in view.versions] == [("2.0", ("two",)), ("1.0", ("one",))]
