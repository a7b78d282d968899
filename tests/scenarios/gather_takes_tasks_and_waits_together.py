"""`asyncio.gather` over tasks and waits: they go on side by side, and the run parks while only waits are left."""

import asyncio

from mainspring import IO
from mainspring.clock import HOUR, MINUTE
from scenarios.world import World


async def test_gather_takes_tasks_and_waits_together(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="gathered")
    async def gathered(io: IO) -> list[object]:
        async def later() -> str:
            await io.wait("later", "1 hour")
            return await io.run_task("after-wait", note, "after the wait")

        async def asked() -> object:
            event = await io.wait_for_event("asked", name="answer", timeout="2 hours")
            return event.payload

        results = await asyncio.gather(
            io.run_task("a", note, "a"), later(), io.run_task("b", note, "b"), asked()
        )
        return [*results, await io.run_task("last", note, "last")]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(gathered)
    await world.until(run, "WAITING", waiting_for="later")
    assert {wait["task"] for wait in run.waiting_for} == {"later", "asked"}
    await world.advance("30 minutes")
    await world.send("answer", "yes")
    await world.until(run, "WAITING", waiting_for="later")
    assert {wait["task"] for wait in run.waiting_for} == {"later"}
    await world.crash()

    assert await world.output(run) == ["a", "after the wait", "b", "yes", "last"]
    assert world.clock.now() - began == HOUR
    assert sorted(world.effects[:2]) == ["a", "b"]
    assert world.effects[2:] == ["after the wait", "last"]


async def test_a_task_at_work_keeps_the_run_from_parking(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="both")
    async def both(io: IO) -> str:
        await asyncio.gather(io.wait("pause", "1 minute"), io.run_task("work", gate.passed))
        return "done"

    await world.start()
    began = world.clock.now()
    run = await world.trigger(both)
    await gate.reached()
    await world.until(run, "RUNNING")
    await world.advance("5 minutes")
    await world.until(run, "RUNNING")
    gate.open()

    assert await world.output(run) == "done"
    assert world.clock.now() - began == 5 * MINUTE
