"""Debounced calls: one run of several, when there was none for a while; exact on several servers and when resent."""

import asyncio
from typing import Any

import pytest

from engine.items import job
from engine.pair import Pair
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, TriggerRuns
from mainspring.errors import NotFound
from mainspring.ids import new_id
from mainspring.model.protocol import RunDraft
from mainspring.model.runs import DebounceSpec, Run

FIVE = DebounceSpec("page-1", 5 * SECOND)


def call(world: World, payload: str = "{}", debounce: DebounceSpec = FIVE, **options: Any) -> Run:
    return world.call("index", payload, debounce=debounce, **options)


def test_calls_become_one_run_with_what_came_last(world: World) -> None:
    worker = world.worker(job("index"))
    first = call(world, '{"n":1}')
    world.advance(4)
    second = call(world, '{"n":2}', metadata='{"by":"b"}')
    assert (second.id, second.payload, second.metadata) == (first.id, '{"n":2}', '{"by":"b"}')
    assert second.available_at == world.now + 5 * SECOND
    assert world.run(first.id) == second
    assert world.kinds(first.id) == ["RUN_CREATED", "RUN_DEBOUNCED"]
    world.advance(4.999999)
    world.fire()
    assert worker.take() == ()
    world.advance(0.000001)
    world.fire()
    assert worker.take_one().payload == '{"n":2}'
    third = call(world, '{"n":3}')
    assert third.id != first.id, "a window that is over takes no more calls"


def test_leading_keeps_what_came_first(world: World) -> None:
    world.worker(job("index"))
    leading = DebounceSpec("page-1", 5 * SECOND, "leading")
    first = call(world, '{"n":1}', leading)
    world.advance(1)
    second = call(world, '{"n":2}', leading)
    assert (second.id, second.payload, second.available_at) == (first.id, '{"n":1}', world.now + 5 * SECOND)


def test_it_is_not_put_off_for_ever(world: World) -> None:
    worker = world.worker(job("index"))
    bounded = DebounceSpec("page-1", 5 * SECOND, max_delay=12 * SECOND)
    run = call(world, "{}", bounded)
    for _ in range(3):
        world.advance(4)
        assert call(world, "{}", bounded).id == run.id
    world.fire()
    assert worker.take_one().run_id == run.id


def test_keys_jobs_and_environments_are_apart(world: World) -> None:
    world.worker(job("index"), job("other"))
    there = world.environment("other")
    world.worker(job("index"), environment_id=there)
    runs = [
        call(world),
        call(world, "{}", DebounceSpec("page-2", 5 * SECOND)),
        world.call("other", debounce=FIVE),
        world.do(TriggerRuns(there, (RunDraft("run_there", "index", "{}", debounce=FIVE),)))[0],
        world.call("index"),
    ]
    assert len({run.id for run in runs}) == len(runs)


def test_calls_that_arrive_together_join_too(world: World) -> None:
    world.worker(job("index"))
    drafts = [RunDraft(f"run_{n}", "index", f'{{"n":{n}}}', debounce=FIVE) for n in range(4)]
    two, other = world.apply(
        TriggerRuns(world.env, tuple(drafts[:2])), TriggerRuns(world.env, tuple(drafts[2:]))
    )
    assert {run.id for run in (*two, *other)} == {"run_0"}
    assert world.run("run_0").payload == '{"n":3}'


def test_I11_a_call_that_is_sent_again_changes_nothing(world: World) -> None:  # noqa: N802
    worker = world.worker(job("index"))
    first = call(world, '{"n":1}', idempotency_key="a")
    call(world, '{"n":2}', idempotency_key="b")
    kept = call(world, '{"n":3}', idempotency_key="c")
    world.advance(3)
    for key in "abc":
        assert call(world, "{}", idempotency_key=key) == kept
    world.advance(2)
    world.fire()
    assert worker.take_one().run_id == first.id
    for key in "abc":
        assert call(world, "{}", idempotency_key=key).id == first.id


def test_a_refused_batch_joins_nothing(world: World) -> None:
    world.worker(job("index"))
    run = call(world, '{"n":1}')
    drafts = (RunDraft("run_x", "index", '{"n":2}', debounce=FIVE), RunDraft("run_y", "nope", "{}"))
    with pytest.raises(NotFound):
        world.do(TriggerRuns(world.env, drafts))
    assert world.run(run.id) == run


def test_a_cancelled_window_takes_no_calls(world: World) -> None:
    world.worker(job("index", ttl=MINUTE))
    run = call(world)
    world.do(CancelRun(world.env, run.id))
    assert call(world).id != run.id


def test_the_expiry_moves_along(world: World) -> None:
    world.worker(job("index", ttl=MINUTE))
    call(world)
    world.advance(4)
    assert call(world).expires_at == world.now + 65 * SECOND


def test_finding_a_window_reads_no_other_run(world: World) -> None:
    world.worker(job("index"))
    for _ in range(300):
        world.call("index")
    plan = world.plan("debounced_runs", environment_id=world.env, job_ids=["index"], keys=["page-1"])
    assert "runs_debounced" in plan, plan


async def test_calls_at_two_servers_become_one_run(pair: Pair) -> None:
    await pair.a.worker(job("index"))
    drafts = [RunDraft(new_id("run"), "index", f'{{"n":{n}}}', debounce=FIVE) for n in range(20)]
    calls = [
        (pair.a if n % 2 else pair.b).engine.trigger_runs(pair.a.env, (draft,))
        for n, draft in enumerate(drafts)
    ]
    started = await asyncio.gather(*calls)
    assert len({run.id for (run,) in started}) == 1
