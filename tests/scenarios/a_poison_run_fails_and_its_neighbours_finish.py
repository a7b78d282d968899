"""A run that kills its worker again and again is failed after the third time; whoever ran beside it finishes."""

from mainspring import IO
from scenarios.world import World


async def test_a_poison_run_fails_and_its_neighbours_finish(world: World) -> None:
    at_poison, at_work = world.gate(), world.gate()

    async def swallow() -> None:
        world.effects.append("swallowed")
        await at_poison.passed()

    @world.client.job(id="poison")
    async def poison(io: IO) -> None:
        await io.run_task("swallow", swallow)

    @world.client.job(id="neighbour")
    async def neighbour(payload: int, io: IO) -> int:
        await io.run_task("work", at_work.passed)
        return payload

    await world.start(slots=5)
    neighbours = [await world.trigger(neighbour, n) for n in range(3)]
    poisoned = await world.trigger(poison)
    for deaths in (1, 2):
        await world.still()
        assert world.effects == ["swallowed"] * deaths
        await world.crash_worker(fault="exit code 3")

    at_work.open()
    await world.still()
    assert world.effects == ["swallowed"] * 3
    await world.crash_worker(fault="exit code 3")
    await world.still()
    error = await world.failure(poisoned)
    assert error.code == "worker_crashed"
    assert "3 times" in error.message
    shown = await world.door.call("GET", f"/api/v1/runs/{poisoned.id}")
    assert shown["crashes"] == 3
    assert (await world.kinds(poisoned)).count("WORKER_LOST") == 3
    assert world.effects == ["swallowed"] * 3
    assert [await world.output(run) for run in neighbours] == [0, 1, 2]


async def test_progress_wipes_the_slate(world: World) -> None:
    gates = [world.gate() for _ in range(5)]

    @world.client.job(id="unlucky")
    async def unlucky(io: IO) -> str:
        for n, gate in enumerate(gates):
            await io.run_task(f"part-{n}", gate.passed)
        return "made it"

    await world.start()
    run = await world.trigger(unlucky)
    for gate in gates:
        await gate.reached()
        await world.crash_worker()
        await gate.reached(2)
        gate.open()

    assert await world.output(run) == "made it"
    assert (await world.kinds(run)).count("WORKER_LOST") == 5
