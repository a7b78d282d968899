"""A cancelled run interrupts the plain `def` that works for it in a thread: `RunCancelled` is raised in its code."""

import asyncio
import threading

from mainspring import IO, RunCancelled
from scenarios.world import World


async def test_a_plain_def_at_work_is_interrupted(world: World) -> None:
    begun = threading.Event()

    def work() -> None:
        try:
            begun.set()
            while True:
                begun.wait()
        except Exception:
            world.effects.append("swallowed")
        except RunCancelled:
            world.effects.append("cleaned up")
            raise

    @world.client.job(id="busy")
    async def busy(io: IO) -> None:
        try:
            await io.run_task("work", work)
        finally:
            world.effects.append("body")

    @world.client.job(id="next")
    async def following(io: IO) -> int:
        return await io.run_task("count", lambda: sum(range(1000)))

    await world.start()
    run = await world.trigger(busy)
    await asyncio.to_thread(begun.wait)
    await run.cancel(reason="it took too long")
    while not (await run.refresh()).is_final:
        await world.lives.something_happens(0.1)

    assert (run.status, run.cancel_reason) == ("CANCELLED", "it took too long")
    assert sorted(world.effects) == ["body", "cleaned up"]
    # The thread is as good as new.
    assert await world.output(await world.trigger(following)) == sum(range(1000))
