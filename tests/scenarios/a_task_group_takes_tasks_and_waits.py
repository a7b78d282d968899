"""`asyncio.TaskGroup` over tasks and waits, nested in one another, across crashes."""

import asyncio

from mainspring import IO
from scenarios.world import World


async def test_a_task_group_takes_tasks_and_waits(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="grouped")
    async def grouped(io: IO) -> dict[str, str]:
        results: dict[str, str] = {}

        async def branch(name: str, delay: str) -> None:
            async with asyncio.TaskGroup() as inner:
                first = inner.create_task(io.run_task(f"{name}-first", note, f"{name} first"))
                inner.create_task(io.wait(f"{name}-pause", delay))
            results[name] = f"{first.result()}, {await io.run_task(f'{name}-last', note, f'{name} last')}"

        async with asyncio.TaskGroup() as group:
            for name, delay in (("slow", "2 hours"), ("quick", "1 hour")):
                group.create_task(branch(name, delay))
        return results

    await world.start()
    run = await world.trigger(grouped)
    await world.until(run, "WAITING", waiting_for="slow-pause")
    await world.crash()
    await world.advance("90 minutes")
    await world.until(run, "WAITING", waiting_for="slow-pause")
    assert world.effects[2:] == ["quick last"]
    await world.crash()

    assert await world.output(run) == {"quick": "quick first, quick last", "slow": "slow first, slow last"}
    assert sorted(world.effects) == ["quick first", "quick last", "slow first", "slow last"]
