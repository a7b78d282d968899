"""A run that has not begun within its ttl is EXPIRED; one that has begun in time is left alone."""

from mainspring import IO
from scenarios.world import World


async def test_a_run_that_never_began_expires(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="stale", ttl="10 minutes")
    async def stale(payload: int, io: IO) -> int:
        await io.run_task("work", gate.passed)
        await io.wait("1 hour")
        return payload

    await world.start(slots=1)
    first = await world.trigger(stale, 1)
    second = await world.trigger(stale, 2)
    patient = await world.trigger(stale, 3, ttl="2 hours")
    await gate.reached()
    await world.until(second, "PENDING")
    await world.advance("10 minutes")
    await world.until(second, "EXPIRED")
    await world.until(first, "RUNNING")
    gate.open()

    assert await world.output(first) == 1
    assert await world.output(patient) == 3
    assert second.error is not None
    assert "ttl" in second.error.message
    assert (await world.kinds(second))[-1] == "JOB_EXPIRED"
