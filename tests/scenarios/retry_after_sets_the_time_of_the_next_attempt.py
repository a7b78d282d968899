"""`RetryAfter` says when the next attempt is due: after a span, or at an instant."""

from datetime import timedelta

from mainspring import IO, RetryAfter, ctx
from mainspring.clock import SECOND, to_datetime
from scenarios.world import World


async def test_retry_after_sets_the_time_of_the_next_attempt(world: World) -> None:
    async def busy() -> str:
        number = ctx.attempt.number
        world.effects.append((number, world.clock.now()))
        if number == 1:
            raise RetryAfter("3 seconds", "busy")
        if number == 2:
            raise RetryAfter(to_datetime(world.clock.now()) + timedelta(minutes=2), "still busy")
        return "served"

    @world.client.job(id="patient")
    async def patient(io: IO) -> str:
        return await io.run_task("busy", busy)

    await world.start()
    began = world.clock.now()
    run = await world.trigger(patient)

    assert await world.output(run) == "served"
    assert world.effects == [(1, began), (2, began + 3 * SECOND), (3, began + 123 * SECOND)]


async def test_retry_after_does_not_add_attempts(world: World) -> None:
    async def busy() -> None:
        world.effects.append("try")
        raise RetryAfter("1s", "busy for ever")

    @world.client.job(id="bounded")
    async def bounded(io: IO) -> None:
        await io.run_task("busy", busy, retry=2)

    await world.start()
    error = await world.failure(await world.trigger(bounded))

    assert world.effects == ["try", "try"]
    assert "busy for ever" in error.message
