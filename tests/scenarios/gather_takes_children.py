"""Children inside plain `asyncio.gather` and `asyncio.TaskGroup`: all at work at once, the parent parked meanwhile."""

import asyncio

from mainspring import IO
from mainspring.clock import HOUR
from scenarios.world import World


async def test_gather_takes_children(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        await io.wait(payload * 1800)
        return payload * 10

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[int]:
        gathered = await asyncio.gather(*[child.trigger_and_wait(n) for n in (2, 1)])
        async with asyncio.TaskGroup() as group:
            strands = [group.create_task(child.trigger_and_wait(n)) for n in (1, 2)]
        return [*gathered, *[strand.result() for strand in strands]]

    await world.start(slots=1)
    began = world.clock.now()
    run = await world.trigger(parent)
    await world.until(run, "WAITING", waiting_for="wait:child")
    assert len(run.waiting_for) == 2
    await world.crash()

    assert await world.output(run) == [20, 10, 10, 20]
    assert world.clock.now() - began == 2 * HOUR
    assert len([one async for one in world.client.runs.list(job_id="child")]) == 4
