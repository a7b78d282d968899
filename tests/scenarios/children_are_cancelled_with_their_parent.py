"""Cancelling a run cancels what it started, down to the last grandchild; what a cancelled child was worth is told."""

from mainspring import IO, RunCancelled
from scenarios.world import World


async def test_children_are_cancelled_with_their_parent(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="grandchild")
    async def grandchild(io: IO) -> None:
        try:
            await io.run_task("work", gate.passed)
        except RunCancelled:
            world.effects.append("stopped")
            raise

    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> None:
        if payload == 1:
            await grandchild.trigger_and_wait()
        await io.wait("1 day")

    @world.client.job(id="parent")
    async def parent(io: IO) -> None:
        await child.batch_trigger_and_wait([1, 2])

    await world.start()
    run = await world.trigger(parent)
    await gate.reached()
    await world.until(run, "WAITING", waiting_for="wait:child")
    await run.cancel()
    await world.still()

    every = [one async for one in world.client.runs.list()]
    assert [(one.job_id, one.status) for one in every if one.status != "CANCELLED"] == []
    assert len(every) == 4
    assert world.effects == ["stopped"]


async def test_a_cancelled_child_is_a_result_without_output(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        await io.wait("1 hour")
        return payload

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        results = await child.batch_trigger_and_wait([1, 2])
        return [[one.ok, one.status, one.error and one.error.code] for one in results]

    await world.start()
    run = await world.trigger(parent)
    await world.until(run, "WAITING", waiting_for="wait:child")
    (first,) = [one async for one in world.client.runs.list(job_id="child") if one.payload == 1]
    await first.cancel()

    assert await world.output(run) == [[False, "CANCELLED", "run_failed"], [True, "SUCCESS", None]]
