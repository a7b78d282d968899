"""When a worker is lost its runs go on at another from their last checkpoint; what it still says is refused."""

from mainspring import IO
from scenarios.world import World


async def test_a_lost_workers_run_goes_on_elsewhere(world: World) -> None:
    gate = world.gate()

    async def first() -> str:
        world.effects.append("first")
        return "first"

    async def second() -> str:
        world.effects.append("second began")
        await gate.passed()
        world.effects.append("second ended")
        return "second"

    @world.client.job(id="moved")
    async def moved(io: IO) -> list[str]:
        return [await io.run_task("first", first), await io.run_task("second", second)]

    await world.start(slots=1)
    run = await world.trigger(moved)
    await gate.reached()
    lost = world.crews[0]
    await world.start_worker()
    await world.kill(lost)
    await gate.reached(2)
    gate.open()

    assert await world.output(run) == ["first", "second"]
    assert world.effects == ["first", "second began", "second began", "second ended"]
    kinds = await world.kinds(run)
    assert kinds.count("WORKER_LOST") == 1
    assert kinds.count("JOB_RESUMED") == 1
    assert (await world.tasks(run))["second"]["attempt"] == 1


async def test_a_worker_that_was_given_up_stops_its_runs(world: World) -> None:
    gate = world.gate()

    async def work() -> str:
        try:
            await gate.passed()
            world.effects.append("done")
            return "done"
        except BaseException:
            world.effects.append("stopped")
            raise

    @world.client.job(id="moved")
    async def moved(io: IO) -> str:
        return await io.run_task("work", work)

    await world.start(slots=1)
    run = await world.trigger(moved)
    await gate.reached()
    await world.give_up(world.crews[0])
    await gate.reached(2)
    assert world.effects == ["stopped"]
    gate.open()

    assert await world.output(run) == "done"
    assert world.effects == ["stopped", "done"]
