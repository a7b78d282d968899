"""A child that fails raises `RunFailed`, which names the child, at the parent's call: it can be caught, now and on
replay; uncaught, it fails the parent. A parent that fails leaves its other children at work."""

import pytest

from mainspring import IO, NonRetryable, RunFailed
from scenarios.world import World


async def test_a_child_that_fails_raises_in_its_parent(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int) -> None:
        raise NonRetryable(f"no {payload}s left")

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[str]:
        with pytest.raises(RunFailed, match="no 7s left") as failed:
            await child.trigger_and_wait(7)
        await io.wait("1 hour")
        return [failed.value.run_id, failed.value.status, failed.value.failure.type]

    await world.start()
    run = await world.trigger(parent)
    await world.until(run, "WAITING", waiting_for="wait")
    await world.crash()

    output = await world.output(run)
    (started,) = [one async for one in world.client.runs.list(job_id="child")]
    assert output == [started.id, "FAILED", "NonRetryable"]


async def test_uncaught_it_fails_the_parent_and_spares_the_others(world: World) -> None:
    @world.client.job(id="slow")
    async def slow(io: IO) -> str:
        await io.wait("1 hour")
        return "done"

    @world.client.job(id="child")
    async def child() -> None:
        raise NonRetryable("broken")

    @world.client.job(id="parent", retry=0)
    async def parent(io: IO) -> None:
        await slow.trigger()
        await child.trigger_and_wait()

    await world.start()
    error = await world.failure(await world.trigger(parent))

    (failed,) = [one async for one in world.client.runs.list(job_id="child")]
    (left,) = [one async for one in world.client.runs.list(job_id="slow")]
    assert error.type == "RunFailed"
    assert failed.id in error.message
    assert "broken" in error.message
    assert await world.output(left) == "done"
