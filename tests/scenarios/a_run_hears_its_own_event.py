"""An event that a run sends itself resolves its own wait, be the wait registered before or after."""

import asyncio

from mainspring import IO
from scenarios.world import World


async def test_a_run_hears_its_own_event(world: World) -> None:
    @world.client.job(id="echo")
    async def echo(io: IO) -> list[int]:
        await io.send_event("first", "echo", {"n": 1}, id="e")
        early = await io.wait_for_event("early", name="echo", id="e", timeout="1 hour")

        async def say() -> None:
            await io.wait("pause", "1 minute")
            await io.send_event("second", "echo", {"n": 2}, id="e")

        late, _ = await asyncio.gather(
            io.wait_for_event("late", name="echo", id="e", timeout="1 hour"), say()
        )
        return [early.payload["n"], late.payload["n"]]

    await world.start()
    run = await world.trigger(echo)
    await world.until(run, "WAITING", waiting_for="late")
    await world.crash()

    assert await world.output(run) == [1, 2]
