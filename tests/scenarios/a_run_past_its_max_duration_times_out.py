"""`max_duration` counts from the first start, waits included; then the run is TIMED_OUT and its code is stopped."""

from mainspring import IO, Context
from mainspring.clock import MINUTE
from scenarios.world import World


async def test_a_waiting_run_times_out(world: World) -> None:
    @world.client.job(id="slow", max_duration="10 minutes")
    async def slow(io: IO, ctx: Context) -> None:
        assert ctx.deadline is not None
        await io.wait("1 day")

    await world.start()
    began = world.clock.now()
    run = await world.finish(await world.trigger(slow))

    assert run.status == "TIMED_OUT"
    assert world.clock.now() - began == 10 * MINUTE
    assert run.error is not None
    assert "max_duration" in run.error.message
    assert (await world.tasks(run))["wait"]["status"] == "CANCELLED"
    assert (await world.kinds(run))[-1] == "JOB_TIMED_OUT"


async def test_a_running_run_times_out_and_is_stopped(world: World) -> None:
    gate = world.gate()

    async def work() -> None:
        try:
            await gate.passed()
            world.effects.append("went on")
        finally:
            world.effects.append("stopped")

    @world.client.job(id="slow", max_duration="10 minutes")
    async def slow(io: IO) -> None:
        await io.run_task("work", work)
        await io.run_task("never", gate.passed)

    await world.start(slots=1)
    run = await world.trigger(slow)
    await gate.reached()
    await world.finish(run)
    await world.beat()

    assert run.status == "TIMED_OUT"
    assert world.effects == ["stopped"]
    gate.open()
    await world.still()
    assert list(await world.tasks(run)) == ["work"]


async def test_a_run_in_time_is_left_alone(world: World) -> None:
    @world.client.job(id="quick", max_duration="10 minutes")
    async def quick(io: IO) -> str:
        await io.wait("9 minutes")
        return "in time"

    await world.start()
    run = await world.trigger(quick, delay="1 hour")

    assert await world.output(run) == "in time"
