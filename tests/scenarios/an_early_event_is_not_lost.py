"""An event that arrives after the run began and before its wait is registered resolves the wait all the same."""

import asyncio

from mainspring import IO, Context, event_trigger
from scenarios.world import World


async def test_an_early_event_is_not_lost(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="slow-asker")
    async def slow_asker(io: IO) -> list[int]:
        await io.run_task("prepare", gate.passed)
        first = await io.wait_for_event("first", name="answer", id="q-1", timeout="1 hour")
        second = await io.wait_for_event("second", name="answer", id="q-1", timeout="1 hour")
        return [first.payload["n"], second.payload["n"]]

    await world.start()
    run = await world.trigger(slow_asker)
    await gate.reached()
    await world.send("answer", {"n": 1}, id="q-1")
    await world.send("answer", {"n": 99}, id="q-2")
    await world.send("answer", {"n": 2}, id="q-1")
    began = world.clock.now()
    gate.open()

    assert await world.output(run) == [1, 2]
    assert world.clock.now() == began


async def test_an_event_from_before_the_run_does_not_count(world: World) -> None:
    @world.client.job(id="asker")
    async def asker(io: IO) -> int:
        event = await io.wait_for_event("answer", name="answer", timeout="1 hour")
        return int(event.payload["n"])

    await world.start()
    await world.send("answer", {"n": 1})
    await world.advance("1 second")
    run = await world.trigger(asker)
    await world.until(run, "WAITING", waiting_for="answer")
    await world.send("answer", {"n": 2})

    assert await world.output(run) == 2


async def test_the_event_that_began_the_run_does_not_resolve_its_wait(world: World) -> None:
    @world.client.job(id="again", trigger=event_trigger("ping"))
    async def again(io: IO, ctx: Context) -> list[int]:
        assert ctx.event is not None
        event = await io.wait_for_event("next", name="ping", filter={"n": [{"$gt": 1}]})
        return [ctx.event.payload["n"], event.payload["n"]]

    await world.start()
    run = await world.run_of(await world.send("ping", {"n": 5}))
    await world.until(run, "WAITING", waiting_for="next")
    await world.send("ping", {"n": 1})
    await world.send("ping", {"n": 6})

    assert await world.output(run) == [5, 6]


async def test_waits_begun_at_once_take_an_early_event_each(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="asks-thrice")
    async def asks_thrice(io: IO) -> list[int]:
        await io.run_task("prepare", gate.passed)
        wanted = {"n": [{"$gt": 0}]}
        asked = [io.wait_for_event(key, name="answer", id="q", filter=wanted) for key in ("a", "b", "c")]
        return [event.payload["n"] for event in await asyncio.gather(*asked)]

    await world.start()
    run = await world.trigger(asks_thrice)
    await gate.reached()
    for n in (0, 1, 2):
        await world.send("answer", {"n": n}, id="q")
    gate.open()
    await world.until(run, "WAITING", waiting_for="c")
    await world.send("answer", {"n": 3}, id="q")

    assert await world.output(run) == [1, 2, 3]
