"""Waits for time and for events live in the database: everything may die meanwhile, and nothing is repeated."""

from mainspring import IO
from mainspring.clock import SECOND
from scenarios.world import World


async def test_a_wait_for_time_goes_on_after_a_crash_of_everything(world: World) -> None:
    async def note(what: str) -> None:
        world.effects.append((what, world.clock.now()))

    @world.client.job(id="sleepy")
    async def sleepy(io: IO) -> str:
        await io.run_task("before", note, "before")
        await io.wait("3 seconds")
        await io.run_task("after", note, "after")
        return "done"

    await world.start()
    began = world.clock.now()
    run = await world.trigger(sleepy)
    await world.until(run, "WAITING", waiting_for="wait")
    await world.advance("1 second")
    await world.crash()
    await world.until(run, "WAITING", waiting_for="wait")

    assert await world.output(run) == "done"
    assert world.effects == [("before", began), ("after", began + 3 * SECOND)]


async def test_a_wait_that_fell_due_while_all_was_dead_resolves_at_once(world: World) -> None:
    @world.client.job(id="sleepy")
    async def sleepy(io: IO) -> str:
        await io.wait("3 seconds")
        return "done"

    await world.start()
    run = await world.trigger(sleepy)
    await world.until(run, "WAITING")
    await world.crash(down_for="1 hour")
    await world.until(run, "SUCCESS")


async def test_a_wait_for_an_event_goes_on_after_a_crash_of_everything(world: World) -> None:
    async def note(what: str) -> None:
        world.effects.append(what)

    @world.client.job(id="asking")
    async def asking(io: IO) -> str:
        await io.run_task("before", note, "before")
        event = await io.wait_for_event("approval", name="approved", id="o-1", timeout="1 hour")
        await io.run_task("after", note, "after")
        return str(event.payload["by"])

    await world.start()
    run = await world.trigger(asking)
    await world.until(run, "WAITING", waiting_for="approval")
    await world.advance("20 minutes")
    await world.crash()
    await world.send("approved", {"by": "Ada"}, id="o-1")
    await world.crash()

    assert await world.output(run) == "Ada"
    assert world.effects[0] == "before"
    # It may have been at work when all died, and was in doubt then.
    assert set(world.effects[1:]) == {"after"}
