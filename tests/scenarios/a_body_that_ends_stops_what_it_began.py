"""A body that raises, or returns, while its other branches still wait or work stops them: the run is over."""

import asyncio

from mainspring import IO
from scenarios.world import World


async def test_a_failing_branch_ends_the_run_at_once(world: World) -> None:
    async def broken() -> None:
        raise ValueError("broken")

    @world.client.job(id="branches", retry=5)
    async def branches(io: IO) -> None:
        await asyncio.gather(io.wait("pause", "1 day"), io.run_task("broken", broken, retry=0))

    await world.start()
    began = world.clock.now()
    run = await world.trigger(branches)
    error = await world.failure(run)

    assert error.task_key == "broken"
    assert world.clock.now() == began
    tasks = await world.tasks(run)
    assert {key: task["status"] for key, task in tasks.items()} == {"pause": "CANCELLED", "broken": "FAILED"}
    assert run.waiting_for == []


async def test_what_a_body_left_behind_is_stopped_and_named(world: World) -> None:
    gate = world.gate()

    async def endless() -> None:
        gate.open()
        await asyncio.Event().wait()

    @world.client.job(id="leaves")
    async def leaves(io: IO) -> str:
        left = asyncio.ensure_future(io.run_task("endless", endless))
        await gate.passed()
        return f"left {int(not left.done())} behind"

    await world.start()
    run = await world.trigger(leaves)

    assert await world.output(run) == "left 1 behind"
    assert (await world.tasks(run))["endless"]["status"] == "CANCELLED"
    warnings = [line["message"] for line in await world.logs(run) if line["origin"] == "mainspring"]
    assert len(warnings) == 1
    assert not [one for one in asyncio.all_tasks() if "endless" in repr(one.get_coro())]
