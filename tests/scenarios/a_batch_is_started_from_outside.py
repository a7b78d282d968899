"""Outside runs a batch is one request: handles in order, and results in order when they are waited for."""

import asyncio

from mainspring import IO, NonRetryable
from scenarios.world import World


async def test_a_batch_is_started_from_outside(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        return await io.run_task("double", lambda n: n * 2, payload)

    await world.start()
    runs = await child.batch_trigger([1, 2, 3], tags=["batch"], idempotency_key="b")
    again = await child.batch_trigger([1, 2, 3], idempotency_key="b")
    assert [run.id for run in again] == [run.id for run in runs]

    assert [await world.output(run) for run in runs] == [2, 4, 6]
    assert [run.tags for run in runs] == [["batch"]] * 3
    assert [run.idempotency_key for run in runs] == ["b/0", "b/1", "b/2"]
    assert await child.batch_trigger([]) == []


async def test_its_results_come_in_order(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int) -> int:
        if payload == 2:
            raise NonRetryable("no twos")
        return payload * 10

    await world.start()
    async with asyncio.timeout(15):
        results = await child.batch_trigger_and_wait([1, 2, 3])

    assert [(one.ok, one.output, one.status) for one in results] == [
        (True, 10, "SUCCESS"),
        (False, None, "FAILED"),
        (True, 30, "SUCCESS"),
    ]
    assert results[1].error is not None
    assert results[1].error.message == "no twos"
