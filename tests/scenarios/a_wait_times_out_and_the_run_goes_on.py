"""A wait for an event that nobody sends raises `WaitTimeout`, a `TimeoutError` that names it; the run goes on."""

from mainspring import IO, WaitTimeout
from mainspring.clock import MINUTE
from scenarios.world import World


async def test_a_wait_times_out_and_the_run_goes_on(world: World) -> None:
    async def remind() -> str:
        world.effects.append("reminded")
        return "reminded"

    @world.client.job(id="impatient")
    async def impatient(io: IO) -> list[object]:
        try:
            await io.wait_for_event("approval", name="approved", id="o-1", timeout="10 minutes")
        except WaitTimeout as error:
            return [
                type(error).__mro__.count(TimeoutError),
                error.wait_key,
                await io.run_task("remind", remind),
            ]
        return ["approved"]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(impatient)
    await world.until(run, "WAITING", waiting_for="approval")

    assert await world.output(run) == [1, "approval", "reminded"]
    assert world.clock.now() - began == 10 * MINUTE
    assert world.effects == ["reminded"]
    assert (await world.tasks(run))["approval"]["status"] == "FAILED"
    assert "WAIT_TIMED_OUT" in await world.kinds(run, "approval")


async def test_an_uncaught_timeout_fails_the_run_and_names_the_wait(world: World) -> None:
    @world.client.job(id="impatient")
    async def impatient(io: IO) -> None:
        await io.wait_for_event("approval", name="approved", timeout="1 minute")

    await world.start()
    run = await world.trigger(impatient)
    error = await world.failure(run)

    assert error.code == "wait_timeout"
    assert "approval" in error.message
    assert run.attempt == 1


async def test_a_late_event_changes_nothing(world: World) -> None:
    @world.client.job(id="impatient")
    async def impatient(io: IO) -> str:
        try:
            event = await io.wait_for_event("first", name="answer", timeout="1 minute")
        except TimeoutError:
            event = await io.wait_for_event("second", name="answer", timeout="1 hour")
            return f"second: {event.payload}"
        return f"first: {event.payload}"

    await world.start()
    run = await world.trigger(impatient)
    await world.advance("2 minutes")
    await world.until(run, "WAITING", waiting_for="second")
    await world.send("answer", "late")

    assert await world.output(run) == "second: late"
