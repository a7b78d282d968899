"""`io.wait` and `io.wait_until` resolve at their time, neither early nor late; a past instant is no error."""

from datetime import timedelta

from mainspring import IO
from mainspring.clock import DAY, HOUR, SECOND, to_datetime, to_iso
from scenarios.world import World


async def test_waits_take_their_time(world: World) -> None:
    until = to_datetime(world.clock.now()) + timedelta(days=4)

    async def note() -> None:
        world.effects.append(world.clock.now())

    @world.client.job(id="sleepy")
    async def sleepy(io: IO) -> None:
        await io.wait("3 seconds")
        await io.run_task("note", note)
        await io.wait("cool-off", "3 days")
        await io.run_task("note", note)
        await io.wait_until("the-fourth", until)
        await io.run_task("note", note)
        await io.wait_until(to_datetime(0))
        await io.wait("nothing", 0)
        await io.run_task("note", note)

    await world.start()
    began = world.clock.now()
    run = await world.trigger(sleepy)
    await world.until(run, "WAITING", waiting_for="wait")
    (wait,) = run.waiting_for
    assert (wait["kind"], wait["until"]) == ("time", to_iso(began + 3 * SECOND))

    await world.advance("2.999 seconds")
    await world.until(run, "WAITING", waiting_for="wait")
    assert world.effects == []
    await world.advance("1 ms")
    await world.until(run, "WAITING", waiting_for="cool-off")
    assert world.effects == [began + 3 * SECOND]

    await world.advance("2 days")
    await world.until(run, "WAITING", waiting_for="cool-off")
    await world.output(run)
    late = began + 4 * DAY
    assert world.effects == [began + 3 * SECOND, began + 3 * SECOND + 3 * DAY, late, late]
    assert world.clock.now() < began + 4 * DAY + HOUR
    waits = [task for task in (await world.tasks(run)).values() if task["kind"] == "wait"]
    assert [task["status"] for task in waits] == ["SUCCESS"] * 5
