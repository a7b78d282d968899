"""Singletons: of a job's runs with one key one is alive, whoever starts another, and however it ends."""

import asyncio
from typing import Any

import pytest

from engine.items import done, job, parked, sleep
from engine.pair import Pair
from engine.puppet import Puppet
from engine.test_queues import calls, taken
from engine.test_why import reason
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.commands import CancelRun, EndWorkers, TriggerRuns
from mainspring.errors import BadRequest, InvalidTrigger, NotFound
from mainspring.ids import new_id
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.joining import EventBatch
from mainspring.model.protocol import RunCancelConfirmed, RunDraft
from mainspring.model.queues import QueueLimits
from mainspring.model.runs import DebounceSpec, Run


def single(world: World, mode: str, *events: str, **options: Any) -> Puppet:
    return world.worker(job("bill", *events, singleton=mode, **options))


def ids(puppet: Puppet, slots: int = 10) -> list[str]:
    return [run.run_id for run in taken(puppet, slots)]


def call(world: World, payload: str = "{}", **options: Any) -> Run:
    return world.call("bill", payload, **options)


@pytest.mark.parametrize("mode", ["skip", "cancel", "queue"])
def test_a_call_that_is_refused_leaves_no_trace_in_the_line(world: World, mode: Any) -> None:
    """One of its runs is to blame, and none is made: nobody stands behind one that is not there, nobody is replaced."""
    puppet = single(world, mode)

    def start(*job_ids: str, key: str | None = None) -> TriggerRuns:
        drafts = [RunDraft(new_id("run"), job_id, "{}", idempotency_key=key) for job_id in job_ids]
        return TriggerRuns(world.env, tuple(drafts))

    refused, (first,) = world.apply(start("bill", "nobody"), start("bill"))
    assert isinstance(refused, NotFound)
    assert ids(puppet) == [first.id]
    (refused,) = world.apply(start("bill", "nobody", key="k"))
    assert isinstance(refused, NotFound)
    assert world.run(first.id).cancel_requested_at is None
    ((again,),) = world.apply(start("bill", key="k"))
    assert (again.id == first.id) == (mode == "skip")


# ── skip ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_start_is_answered_with_the_run_that_is_alive(world: World) -> None:
    puppet = single(world, "skip")
    first = call(world).id
    assert call(world).id == first, "it is pending"
    run = puppet.take_one()
    assert call(world).id == first, "it runs"
    puppet.report(run, sleep("nap", 1), parked("nap"))
    assert call(world).id == first, "it waits"
    world.advance(2)
    world.fire()
    puppet.report(puppet.take_one(), done())
    second = call(world).id
    assert second != first
    assert ids(puppet) == [second]


def test_of_one_batch_a_single_run_is_made(world: World) -> None:
    puppet = single(world, "skip")
    drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}") for _ in range(3))
    runs = world.do(TriggerRuns(world.env, drafts))
    assert [run.id for run in runs] == [drafts[0].run_id] * 3
    assert ids(puppet) == [drafts[0].run_id]


def test_a_call_that_is_sent_again_gets_the_same_answer(world: World) -> None:
    puppet = single(world, "skip")
    first = call(world).id
    assert call(world, idempotency_key="k").id == first
    puppet.report(puppet.take_one(), done())
    assert call(world, idempotency_key="k").id == first, "I11"
    assert call(world).id != first


def test_each_key_has_one(world: World) -> None:
    puppet = single(world, "skip", singleton_key="customer.id")
    ada, bob = call(world, '{"customer":{"id":"ada"}}').id, call(world, '{"customer":{"id":"bob"}}').id
    assert ada != bob
    assert call(world, '{"customer":{"id":"ada"}}').id == ada
    nobody = call(world).id
    assert call(world, '{"customer":{}}').id == nobody, "those without a key are one kind"
    assert sorted(ids(puppet)) == sorted([ada, bob, nobody])


def test_an_event_that_comes_meanwhile_starts_nothing_and_says_so(world: World) -> None:
    single(world, "skip", "order")
    (first,) = world.send("order").runs
    sent = world.send("order")
    assert sent.runs == ()
    (skip,) = sent.skips
    assert (skip.reason, skip.message) == (
        "singleton",
        f"run {first.id} of it was alive, and there is one at a time",
    )


# ── queue ────────────────────────────────────────────────────────────────────────────────────────────
def test_runs_go_one_after_the_other_also_while_one_waits(world: World) -> None:
    puppet = single(world, "queue")
    first, _second, third = calls(world, 3)
    assert ids(puppet, 1) == [first]
    assert ids(puppet) == []
    found = reason(world, third)
    assert (found.code, found.held_by, found.position) == ("singleton", (first,), 1)
    assert found.action == f"mainspring runs cancel {first}"


@pytest.mark.parametrize("how", ["success", "cancelled", "crashed", "expired"])
def test_however_a_run_ends_the_next_one_begins(world: World, how: str) -> None:
    puppet = single(world, "queue")
    first = call(world, ttl=SECOND if how == "expired" else None).id
    second = call(world).id
    if how == "expired":
        world.advance(2)
        world.fire()
    elif how == "cancelled":
        world.do(CancelRun(world.env, first))
    elif how == "crashed":
        puppet.take_one()
        world.do(EndWorkers("exited", environment_id=world.env, name="puppet"))
        puppet = single(world, "queue")
        puppet.report(puppet.take_one(), done())
    else:
        run = puppet.take_one()
        puppet.report(run, sleep("nap", 1), parked("nap"))
        assert ids(puppet) == [], "it waits, and is alive"
        world.advance(2)
        world.fire()
        puppet.report(puppet.take_one(), done())
    assert ids(puppet) == [second]


def test_one_that_waits_may_be_cancelled_or_expire(world: World) -> None:
    puppet = single(world, "queue")
    first, second = calls(world, 2)
    third = call(world, ttl=SECOND).id
    fourth = call(world).id
    run = puppet.take_one()
    world.do(CancelRun(world.env, second))
    world.advance(2)
    world.fire()
    assert [world.status(one) for one in (second, third)] == ["CANCELLED", "EXPIRED"]
    assert ids(puppet) == []
    puppet.report(run, done())
    assert ids(puppet) == [fourth]
    assert world.status(first) == "SUCCESS"


def test_the_next_one_keeps_its_delay_and_the_limits_of_its_queue(world: World) -> None:
    puppet = single(world, "queue", limits=QueueLimits(concurrency=1))
    (first,) = calls(world, 1)
    late = call(world, delay=10 * SECOND).id
    run = puppet.take_one()
    puppet.report(run, done())
    assert ids(puppet) == []
    assert world.reason(late) == "delayed"
    world.advance(11)
    world.fire()
    assert ids(puppet) == [late]
    assert world.status(first) == "SUCCESS"


# ── cancel ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_newer_run_takes_the_place_of_one_that_runs_when_that_has_stopped(world: World) -> None:
    puppet = single(world, "cancel")
    first = call(world).id
    run = puppet.take_one()
    second = call(world).id
    assert world.run(first).cancel_requested_at is not None
    assert (world.run(first).cancel_reason, world.run(first).cancelled_by) == (
        "a newer run of its job takes its place",
        second,
    )
    assert ids(puppet) == [], "two would be at work"
    third = call(world).id
    assert world.status(second) == "CANCELLED", "only the newest waits"
    puppet.report(run, RunCancelConfirmed())
    assert ids(puppet) == [third]


def test_one_that_nobody_holds_makes_room_at_once(world: World) -> None:
    puppet = single(world, "cancel")
    first, second = calls(world, 2)
    assert world.status(first) == "CANCELLED"
    assert ids(puppet) == [second]


# ── races ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("mode", ["skip", "queue"])
async def test_starts_at_two_servers_make_one_leader(pair: Pair, mode: Any) -> None:
    worker = await pair.a.worker(job("bill", singleton=mode))
    calls = [
        (pair.a if n % 2 else pair.b).engine.trigger_runs(
            pair.a.env, (RunDraft(new_id("run"), "bill", "{}"),)
        )
        for n in range(20)
    ]
    started = {run.id for (run,) in await asyncio.gather(*calls)}
    assert len(started) == (1 if mode == "skip" else 20)
    (first,) = (await worker.claim(20)).runs
    more = (RunDraft(new_id("run"), "bill", "{}"),)
    _, (late,) = await asyncio.gather(
        worker.report(first, done()), pair.b.engine.trigger_runs(pair.a.env, more)
    )
    if mode == "queue" or late.id != first.run_id:  # however the end and the start met, one leads now
        (second,) = (await worker.claim(20)).runs
        assert second.run_id in started | {late.id}


# ── what does not go together ────────────────────────────────────────────────────────────────────────
def test_calls_of_a_singleton_are_not_debounced(world: World) -> None:
    single(world, "queue")
    draft = RunDraft("run_1", "bill", "{}", debounce=DebounceSpec("k", SECOND))
    with pytest.raises(BadRequest, match="singleton"):
        world.do(TriggerRuns(world.env, (draft,)))


def test_nor_do_its_events_join_a_run(world: World) -> None:
    trigger = TriggerSpec("event", ("order",), batch=EventBatch(10, SECOND))
    with pytest.raises(InvalidTrigger, match="join one run by themselves"):
        world.worker(JobSpec("bill", "Bill", "1", triggers=(trigger,), singleton="skip"))
