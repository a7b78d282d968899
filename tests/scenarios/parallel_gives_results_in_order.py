"""`io.parallel`: everything at once, results in the order of the calls; one error stops the others and is raised."""

import pytest

from mainspring import IO, NonRetryable, TaskFailed
from mainspring.clock import HOUR
from scenarios.world import World


async def test_parallel_gives_results_in_order(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="child")
    async def child(payload: int) -> int:
        return payload * 10

    @world.client.job(id="both")
    async def both(io: IO) -> list[object]:
        async def later() -> str:
            await io.wait("later", "1 hour")
            return await io.run_task("after", note, "after")

        slow, quick, made = await io.parallel(
            later(), io.run_task("quick", note, "quick"), child.trigger_and_wait(4)
        )
        return [slow, quick, made, await io.parallel()]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(both)
    await world.until(run, "WAITING", waiting_for="later")
    await world.crash()

    assert await world.output(run) == ["after", "quick", 40, []]
    assert world.clock.now() - began == HOUR
    assert world.effects == ["quick", "after"]


async def test_one_error_stops_the_others(world: World) -> None:
    def fail() -> None:
        raise NonRetryable("broken")

    @world.client.job(id="both")
    async def both(io: IO) -> str:
        with pytest.raises(TaskFailed, match="broken"):
            await io.parallel(io.wait("later", "1 day"), io.run_task("bad", fail))
        await io.wait("after", "1 hour")
        return "went on"

    await world.start()
    began = world.clock.now()
    run = await world.trigger(both)

    assert await world.output(run) == "went on"
    assert world.clock.now() - began == HOUR
    assert (await world.tasks(run))["later"]["status"] == "CANCELLED"
