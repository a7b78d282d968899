"""The server dies and comes back while workers work: they send again what got no answer, and nothing happens twice."""

import asyncio

from mainspring import IO, task
from scenarios.world import World

RUNS = 12


async def test_a_worker_outlives_its_server(world: World) -> None:
    @task
    async def part(n: int, name: str) -> str:
        world.effects.append((n, name))
        return f"{n}-{name}"

    @world.client.job(id="long-lived")
    async def long_lived(payload: int, io: IO) -> list[str]:
        first = await part(payload, "first")
        both = await asyncio.gather(part(payload, "left"), part(payload, "right"))
        await io.store.update("count", lambda count: (count or 0) + 1)
        await io.wait("1 minute")
        await io.send_event("done", "long.lived", {"n": payload})
        return [first, *both]

    await world.start(workers=2, slots=4)
    runs = [await world.trigger(long_lived, n) for n in range(RUNS)]
    for crash in range(3):
        await world.commits(2 + crash)
        await world.crash_server()
    await world.advance("50 seconds")
    await world.crash_server()
    await world.still()
    await world.beat()  # what was granted in an answer that got lost is found by the next heartbeat

    for n, run in enumerate(runs):
        assert await world.output(run) == [f"{n}-first", f"{n}-left", f"{n}-right"]
        kinds = await world.kinds(run)
        assert "WORKER_LOST" not in kinds or not world.axes.is_http  # in process they die together
        assert kinds.count("JOB_COMPLETED") == 1
    counts = world.effects.counts()
    if world.axes.is_http and not world.axes.always_replay:
        assert set(counts.values()) == {1}
    assert len(counts) == 3 * RUNS
    assert await world.client.store.get("count") == RUNS
    sent = [event.payload["n"] async for event in world.client.events.list(name="long.lived")]
    assert sorted(sent) == list(range(RUNS))


async def test_a_cancel_reaches_a_worker_whose_server_came_back(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="held")
    async def held(io: IO) -> None:
        try:
            await io.run_task("hold", gate.passed)
        finally:
            world.effects.append("stopped")

    await world.start()
    run = await world.trigger(held)
    await gate.reached()
    await world.crash_server()
    await world.advance("5 seconds")
    await run.cancel()
    await world.advance("5 seconds")

    await world.until(run, "CANCELLED")
    assert world.effects == ["stopped"]
