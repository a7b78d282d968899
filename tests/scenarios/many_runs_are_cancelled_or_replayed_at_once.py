"""One request cancels or replays many runs, by filter or by id: each once, also across crashes; it can be aborted."""

import pytest

from mainspring import IO
from mainspring.errors import BadRequest
from scenarios.world import World


async def test_many_runs_are_cancelled_at_once(world: World) -> None:
    @world.client.job(id="later")
    async def later() -> None:
        world.effects.append("began")

    @world.client.job(id="spared")
    async def spared() -> None: ...

    await world.start()
    every = await later.batch_trigger([{}] * 230, delay="1 hour", tags=["night"])
    other = await world.trigger(spared, delay="1 hour")
    counted = await world.client.runs.bulk("cancel", filter={"tag": "night"}, dry_run=True)
    assert (counted.id, counted.status, counted.total) == (None, "DRY_RUN", 230)

    bulk = await world.client.runs.bulk("cancel", filter={"job_id": "later"}, reason="no night shift")
    assert (bulk.status, bulk.total) == ("RUNNING", 230)
    await world.crash()
    await world.advance("1 second")
    await bulk.refresh()

    assert (bulk.status, bulk.done, bulk.failed) == ("COMPLETED", 230, 0)
    shown = [one async for one in world.client.runs.list(status="CANCELLED")]
    assert {one.id for one in shown} == {one.id for one in every}
    assert {(one.cancel_reason, one.cancelled_by) for one in shown} == {("no night shift", bulk.id)}
    await other.refresh()
    assert (other.status, world.effects) == ("PENDING", [])


async def test_many_runs_are_replayed_each_once(world: World) -> None:
    async def first(n: int) -> int:
        world.effects.append(("first", n))
        return n

    async def second(n: int) -> int:
        world.effects.append(("second", n))
        if world.effects.count(("second", n)) == 1:
            raise ValueError("the first time")
        return n

    @world.client.job(id="flaky", retry=0)
    async def flaky(payload: int, io: IO) -> int:
        await io.run_task("first", first, payload)
        return await io.run_task("second", second, payload, retry=0)

    await world.start()
    runs = [await world.trigger(flaky, n) for n in range(1, 61)]
    for run in runs:
        await world.failure(run)
    bulk = await world.client.runs.bulk(
        "replay", filter={"status": "FAILED"}, from_task="second", idempotency_key="again"
    )
    same = await world.client.runs.bulk("replay", filter={"status": "FAILED"}, idempotency_key="again")
    assert same.id == bulk.id
    await world.advance("1 second")
    await bulk.refresh()

    assert (bulk.status, bulk.done, bulk.failed) == ("COMPLETED", 60, 0)
    done = [one async for one in world.client.runs.list(status="SUCCESS")]
    assert sorted(one.replay_of or "" for one in done) == sorted(run.id for run in runs)
    assert world.effects.counts() == {("first", n): 1 for n in range(1, 61)} | {
        ("second", n): 2 for n in range(1, 61)
    }


async def test_what_fails_is_told_and_the_rest_is_done(world: World) -> None:
    @world.client.job(id="waits")
    async def waits(io: IO) -> None:
        await io.wait("1 hour")

    @world.client.job(id="quick")
    async def quick(io: IO) -> None:
        await io.send_event("tell", "told", {})

    await world.start()
    open_run = await world.trigger(waits)
    ended = await world.trigger(quick)
    await world.finish(ended)
    ids = [open_run.id, ended.id, "run_unknown"]
    bulk = await world.client.runs.bulk("replay", ids=ids, from_task="tell")
    await world.advance("1 second")
    await bulk.refresh()
    assert (bulk.status, bulk.done, bulk.failed) == ("COMPLETED", 1, 2)
    assert [(one.run_id, one.code) for one in bulk.failures] == [
        (open_run.id, "conflict"),
        ("run_unknown", "not_found"),
    ]


async def test_a_bulk_action_can_be_aborted(world: World) -> None:
    @world.client.job(id="later")
    async def later() -> None: ...

    await world.start()
    await later.batch_trigger([{}] * 300, delay="1 hour")
    bulk = await world.client.runs.bulk("cancel", filter={"status": "PENDING"})
    await bulk.abort()
    await world.advance("1 second")
    await bulk.refresh()
    left = [one async for one in world.client.runs.list(status="PENDING")]
    assert bulk.status == "ABORTED"
    assert len(left) == 300 - bulk.done > 0


async def test_a_bulk_action_that_means_nothing_is_refused(world: World) -> None:
    await world.start()
    bulk = world.client.runs.bulk
    with pytest.raises(BadRequest, match="either filter or ids"):
        await bulk("cancel")
    with pytest.raises(BadRequest, match="filter: is empty"):
        await bulk("cancel", filter={})
    with pytest.raises(BadRequest, match="SUCCESS runs have ended"):
        await bulk("cancel", filter={"status": "SUCCESS"})
    with pytest.raises(BadRequest, match=r"filter.status: is needed for replay"):
        await bulk("replay", filter={"job_id": "a"})
    with pytest.raises(BadRequest, match=r"filter.status: 'DEAD' is no status"):
        await bulk("replay", filter={"status": "DEAD"})  # type: ignore[typeddict-item]  # what is wrong here
    with pytest.raises(BadRequest, match="reason: is for cancel"):
        await bulk("replay", filter={"status": "FAILED"}, reason="why not")
    with pytest.raises(BadRequest, match=r"max_runs_per_batch\): use a filter"):
        await bulk("cancel", ids=[f"run_{n}" for n in range(1_001)])
