"""A worker that is asked to stop takes nothing new, brings its runs to their next checkpoint and gives them back."""

from mainspring import IO
from scenarios.world import World


async def test_a_draining_worker_gives_its_runs_back(world: World) -> None:
    gate = world.gate()

    async def first() -> str:
        world.effects.append("first began")
        await gate.passed()
        world.effects.append("first ended")
        return "first"

    async def second() -> str:
        world.effects.append("second")
        return "second"

    @world.client.job(id="moved")
    async def moved(io: IO) -> list[str]:
        return [await io.run_task("first", first), await io.run_task("second", second)]

    await world.start()
    run = await world.trigger(moved)
    await gate.reached()
    (old,) = world.crews
    old.worker.drain()
    await world.still()
    assert not old.working.done()
    late = await world.trigger(moved)
    await world.until(late, "PENDING")
    gate.open()
    await old.working
    world.crews.remove(old)
    assert world.effects == ["first began", "first ended"]
    await world.until(run, "PENDING")
    assert "JOB_RELEASED" in await world.kinds(run)
    assert "WORKER_LOST" not in await world.kinds(run)

    await world.start_worker()
    assert await world.output(run) == ["first", "second"]
    assert await world.output(late) == ["first", "second"]
    assert world.effects.count("first ended") == 2


async def test_an_idle_worker_stops_at_once(world: World) -> None:
    @world.client.job(id="none")
    async def none() -> None: ...

    await world.start()
    began = world.clock.now()
    await world.drain(world.crews[0])
    assert world.clock.now() == began

    run = await world.trigger(none)
    await world.until(run, "PENDING")
    assert run.pending_reason is not None
    assert "no live worker" in run.pending_reason
