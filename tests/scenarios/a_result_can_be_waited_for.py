"""`run.result()` outside a run: the output, restored; `RunFailed` with what went wrong; `WaitTimeout` in time."""

import asyncio

import pytest
from pydantic import BaseModel

from mainspring import IO, RunFailed, WaitTimeout
from scenarios.world import World


class Receipt(BaseModel):
    total: int


async def test_a_result_can_be_waited_for(world: World) -> None:
    @world.client.job(id="bills")
    async def bills(payload: int, io: IO) -> Receipt:
        await io.wait("1 hour")
        if payload < 0:
            raise ValueError("negative")
        return Receipt(total=payload)

    await world.start()
    run = await world.trigger(bills, 7)
    with pytest.raises(WaitTimeout, match=run.id):
        await run.result(timeout=0)
    waiting = [asyncio.ensure_future((await world.client.runs.retrieve(run.id)).result()) for _ in range(3)]
    await world.finish(run)

    assert await run.result() == Receipt(total=7)
    assert run.output == Receipt(total=7)
    assert await asyncio.gather(*waiting) == [{"total": 7}] * 3


async def test_a_failed_runs_result_raises(world: World) -> None:
    @world.client.job(id="fails", retry=0)
    async def fails() -> None:
        raise ValueError("negative")

    @world.client.job(id="cancelled")
    async def cancelled(io: IO) -> None:
        await io.wait("1 hour")

    await world.start()
    run = await world.trigger(fails)
    await world.finish(run)
    with pytest.raises(RunFailed, match="negative") as failed:
        await run.result()
    assert (failed.value.run_id, failed.value.status, failed.value.failure.type) == (
        run.id,
        "FAILED",
        "ValueError",
    )

    other = await world.trigger(cancelled)
    await world.until(other, "WAITING")
    await other.cancel()
    with pytest.raises(RunFailed) as stopped:
        await other.result()
    assert stopped.value.status == "CANCELLED"
