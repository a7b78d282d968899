"""Cancelling a run of a plain `def` raises `RunCancelled` in its thread at the call it waits in, and it cleans up."""

from mainspring import RunCancelled, SyncIO
from scenarios.world import World


async def test_a_cancelled_plain_def_stops_at_its_call(world: World) -> None:
    entered = world.gate()

    async def long() -> str:
        await entered.passed()
        return "never"

    @world.client.job(id="long")
    def job(io: SyncIO) -> str:
        try:
            return io.run_task("long", long)
        except Exception:
            world.effects.append("swallowed")
            raise
        except RunCancelled:
            world.effects.append("told")
            raise
        finally:
            world.effects.append("cleaned up")

    await world.start()
    run = await world.trigger(job)
    await entered.reached()
    await run.cancel()
    await world.until(run, "CANCELLED")
    assert world.effects == ["told", "cleaned up"]


async def test_a_sync_task_is_left_to_end_and_its_calls_are_refused(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="busy")
    def busy(io: SyncIO) -> str:
        def work() -> str:
            gate.wait_open()
            return "worked"

        return io.run_task("work", work)

    await world.start()
    run = await world.trigger(busy)
    await gate.reached()
    await run.cancel()
    while not (await run.refresh()).is_final:
        await world.lives.something_happens(0.1)
    assert run.status == "CANCELLED"
    gate.open()
    await world.still()
