"""In a `TaskGroup` the failure of one task stops the others; that is no failure of theirs, and it can be caught."""

import asyncio

from mainspring import IO, TaskFailed
from scenarios.world import World


async def test_a_failing_sibling_stops_its_task_group(world: World) -> None:
    gate = world.gate()

    async def broken() -> None:
        await gate.passed()
        raise ValueError("broken")

    async def endless() -> None:
        world.effects.append("endless began")
        gate.open()
        await asyncio.Event().wait()

    async def mend(what: str) -> str:
        world.effects.append("mended")
        return what

    @world.client.job(id="siblings")
    async def siblings(io: IO) -> str:
        failed = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(io.run_task("broken", broken, retry=0))
                group.create_task(io.run_task("endless", endless))
                group.create_task(io.wait("pause", "1 day"))
        except* TaskFailed as errors:
            failed = [error.task_key for error in errors.exceptions if isinstance(error, TaskFailed)]
        await io.wait("1 hour")
        return await io.run_task("mend", mend, ",".join(failed))

    await world.start()
    run = await world.trigger(siblings)
    await world.until(run, "WAITING", waiting_for="wait")
    assert [wait["task"] for wait in run.waiting_for] == ["wait"]
    await world.crash()

    assert await world.output(run) == "broken"
    assert world.effects.count("mended") == 1
    tasks = await world.tasks(run)
    assert tasks["broken"]["status"] == "FAILED"
    assert tasks["pause"]["status"] == "CANCELLED"
    assert tasks["endless"]["error"] is None


async def test_an_uncaught_group_names_the_failed_task(world: World) -> None:
    async def broken() -> None:
        raise ValueError("broken")

    @world.client.job(id="siblings", retry=5)
    async def siblings(io: IO) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(io.run_task("broken", broken, retry=0))
            group.create_task(io.wait("pause", "1 day"))

    await world.start()
    run = await world.trigger(siblings)
    error = await world.failure(run)

    assert (error.task_key, run.attempt) == ("broken", 1)
    assert "broken" in error.message
