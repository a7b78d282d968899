"""A parent that dies while its children work goes on after them: each child was started once, and ran once."""

from mainspring import IO
from scenarios.world import World


async def test_a_parent_killed_while_waiting_starts_no_child_twice(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        return await io.run_task("work", work, payload)

    async def work(n: int) -> int:
        await gate.passed()
        world.effects.append(n)
        return n

    async def beside() -> None:
        await gate.passed()

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[int]:
        # The task at work beside the wait keeps the parent in its worker, which dies with it.
        _, results = await io.parallel(io.run_task("beside", beside), child.batch_trigger_and_wait([1, 2, 3]))
        return [result.unwrap() for result in results]

    await world.start()
    run = await world.trigger(parent)
    await gate.reached(4)
    await world.crash_worker()
    await gate.reached(8)
    gate.open()

    assert await world.output(run) == [1, 2, 3]
    children = [one async for one in world.client.runs.list(job_id="child")]
    assert len(children) == 3
    assert sorted(world.effects) == [1, 2, 3]
    assert (await world.kinds(run)).count("WAIT_RESOLVED") == 1
