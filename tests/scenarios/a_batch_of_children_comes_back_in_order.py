"""`batch_trigger_and_wait`: a result per payload, in order, whoever ended first; failures are results too."""

import pytest

from mainspring import IO, NonRetryable, RunFailed, RunResult
from scenarios.world import World


async def test_a_batch_of_children_comes_back_in_order(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        await io.wait("pause", (10 - payload) * 60)
        if payload == 2:
            raise NonRetryable("two is too much")
        return payload * 10

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        results: list[RunResult[int]] = await child.batch_trigger_and_wait([1, 2, 3])
        with pytest.raises(RunFailed, match="two is too much"):
            results[1].unwrap()
        await io.wait("1 hour")
        return [[one.ok, one.output, one.error and one.error.message, one.run_id] for one in results]

    await world.start()
    run = await world.trigger(parent)
    await world.until(run, "WAITING", waiting_for="wait:child")
    output = await world.output(run)

    assert [one[:3] for one in output] == [
        [True, 10, None],
        [False, None, "two is too much"],
        [True, 30, None],
    ]
    children = {one.id: one.payload async for one in world.client.runs.list(job_id="child")}
    assert [children[one[3]] for one in output] == [1, 2, 3]
    assert (await world.tasks(run))["wait:child"]["kind"] == "run_wait"


async def test_an_empty_batch_has_no_results(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int) -> int:
        return payload

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        return [await child.batch_trigger([]), await child.batch_trigger_and_wait([])]

    await world.start()

    assert await world.output(await world.trigger(parent)) == [[], []]


async def test_a_batch_that_cannot_all_be_started_starts_none(world: World) -> None:
    from pydantic import BaseModel

    from mainspring import PayloadInvalid

    class Part(BaseModel):
        n: int

    @world.client.job(id="child")
    async def child(payload: Part) -> int:
        return payload.n

    @world.client.job(id="parent")
    async def parent(io: IO) -> str:
        with pytest.raises(PayloadInvalid) as refused:
            await child.batch_trigger([Part(n=1), {"n": "?"}])  # type: ignore[list-item]
        return str(refused.value)

    await world.start()

    assert "runs[1]" in await world.output(await world.trigger(parent))
    assert [one async for one in world.client.runs.list(job_id="child")] == []
