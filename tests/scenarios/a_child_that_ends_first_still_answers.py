"""A child that has ended before its parent asks for it answers at once, and no wait is left behind."""

from mainspring import IO
from scenarios.world import World


async def test_a_child_that_ends_first_still_answers(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="child")
    async def child(payload: int) -> int:
        return payload + 1

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        early = await child.trigger(1, idempotency_key="one")
        await io.run_task("hold", gate.passed)
        # The same call again finds the run that is over by now.
        late = await child.trigger_and_wait(1, idempotency_key="one")
        (again,) = await child.batch_trigger_and_wait([1], idempotency_key="batch")
        (same,) = await child.batch_trigger_and_wait([1], idempotency_key="batch")
        return [late, again.output, again.run_id == same.run_id, early.id]

    await world.start()
    run = await world.trigger(parent)
    await gate.reached()
    await world.still()
    (started,) = [one async for one in world.client.runs.list(job_id="child")]
    assert (started.status, started.output) == ("SUCCESS", 2)
    gate.open()

    assert await world.output(run) == [2, 2, True, started.id]
    assert len([one async for one in world.client.runs.list(job_id="child")]) == 2
