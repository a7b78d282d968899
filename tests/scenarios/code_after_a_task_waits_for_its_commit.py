"""Code after a task begins only when the task's outcome is committed; until then it may be lost and done again."""

import asyncio

from mainspring import IO
from scenarios.world import World


async def test_code_after_a_task_waits_for_its_commit(world: World) -> None:
    gate = world.gate()

    async def work() -> str:
        await gate.passed()
        world.effects.append("work done")
        return "worked"

    async def after() -> None:
        world.effects.append("after")

    @world.client.job(id="careful")
    async def careful(io: IO) -> str:
        result = await io.run_task("work", work)
        await io.run_task("after", after)
        return result

    await world.start()
    run = await world.trigger(careful)
    await gate.reached()
    await world.still()
    world.server.disk.stall()
    gate.open()
    for _ in range(500):  # all the time that code could want
        await asyncio.sleep(0)
    assert world.effects == ["work done"]
    await world.crash()

    assert await world.output(run) == "worked"
    assert world.effects == ["work done", "work done", "after"]
    assert (await world.kinds(run, "work")).count("TASK_COMPLETED") == 1
