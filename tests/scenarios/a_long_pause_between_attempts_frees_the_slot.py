"""A run whose task pauses for long leaves its worker to others, and the task goes on with its next attempt."""

from mainspring import IO, Retry, ctx
from mainspring.clock import MINUTE
from scenarios.world import World


async def test_a_long_pause_between_attempts_frees_the_slot(world: World) -> None:
    async def slow_service() -> int:
        world.effects.append(f"try {ctx.attempt.number}")
        if ctx.attempt.number < 3:
            raise ConnectionError("down")
        return ctx.attempt.number

    @world.client.job(id="long-pause")
    async def long_pause(io: IO) -> int:
        retry = Retry(max_attempts=3, min_delay="10 minutes", max_delay="1 hour", jitter=False)
        return await io.run_task("slow", slow_service, retry=retry)

    @world.client.job(id="other")
    async def other() -> str:
        return "done meanwhile"

    await world.start(slots=1)
    began = world.clock.now()
    run = await world.trigger(long_pause)
    await world.until(run, "WAITING", waiting_for="slow")
    assert (await world.tasks(run))["slow"]["status"] == "RETRYING"

    assert await world.output(await world.trigger(other)) == "done meanwhile"
    assert world.clock.now() == began

    assert await world.output(run) == 3
    assert world.clock.now() - began == 30 * MINUTE
    assert world.effects == ["try 1", "try 2", "try 3"]


async def test_the_pause_goes_on_after_a_crash_of_everything(world: World) -> None:
    async def slow_service() -> int:
        world.effects.append(f"try {ctx.attempt.number}")
        if ctx.attempt.number < 2:
            raise ConnectionError("down")
        return ctx.attempt.number

    @world.client.job(id="long-pause")
    async def long_pause(io: IO) -> int:
        return await io.run_task(
            "slow", slow_service, retry=Retry(min_delay="10 minutes", max_delay="1h", jitter=False)
        )

    await world.start()
    began = world.clock.now()
    run = await world.trigger(long_pause)
    await world.until(run, "WAITING")
    await world.advance("4 minutes")
    await world.crash()

    assert await world.output(run) == 2
    assert world.clock.now() - began == 10 * MINUTE
    assert world.effects == ["try 1", "try 2"]
