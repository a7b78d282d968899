"""Suspension is no `Exception`: `except Exception` around a wait does not see it, and `finally` does no harm."""

import asyncio
import contextlib

from mainspring import IO, RunSuspended
from scenarios.world import World


async def test_except_exception_lets_suspension_pass(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="careless")
    async def careless(io: IO) -> str:
        for attempt in range(3):
            try:
                await io.wait("1 hour")
                await io.run_task("work", note, f"work {attempt}")
            except Exception as error:
                world.effects.append(f"swallowed {error!r}")
                await io.run_task("swallowed", note, f"swallowed {error!r}")
        with contextlib.suppress(Exception):
            await io.wait_for_event("answer", name="answer")
        return "done"

    await world.start()
    run = await world.trigger(careless)
    await world.advance("1 day")
    await world.until(run, "WAITING", waiting_for="answer")
    await world.send("answer")

    assert await world.output(run) == "done"
    assert world.effects == ["work 0", "work 1", "work 2"]


async def test_finally_on_suspension_does_nothing_durable(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="tidy")
    async def tidy(io: IO) -> str:
        try:
            await io.wait("1 hour")
            await io.run_task("work", note, "work")
            await io.wait("1 hour")
        finally:
            await io.run_task("tidy-up", note, "tidy up")
        return "done"

    await world.start()
    run = await world.trigger(tidy)
    await world.until(run, "WAITING", waiting_for="wait")
    await world.advance("1 hour")
    await world.until(run, "WAITING", waiting_for="wait#2")
    assert world.effects == ["work"]

    assert await world.output(run) == "done"
    assert world.effects == ["work", "tidy up"]
    assert set(await world.tasks(run)) == {"wait", "work", "wait#2", "tidy-up"}


async def test_code_that_swallows_suspension_is_not_heard(world: World) -> None:
    async def note(what: str) -> str:
        world.effects.append(what)
        return what

    @world.client.job(id="greedy")
    async def greedy(io: IO) -> str:
        try:
            await io.wait("1 hour")
        except RunSuspended:
            return "swallowed"
        return await io.run_task("work", note, "waited")

    await world.start()
    run = await world.trigger(greedy)
    await world.until(run, "WAITING")

    assert await world.output(run) == "waited"
    assert world.effects == ["waited"]


async def test_the_rest_of_a_parked_run_is_stopped_when_its_worker_leaves(world: World) -> None:
    @world.client.job(id="branches")
    async def branches(io: IO) -> str:
        async def branch(n: int) -> int:
            await io.wait(f"pause-{n}", "1 hour")
            return n

        others = [asyncio.ensure_future(branch(n)) for n in range(3)]
        results = await asyncio.gather(*others)
        return f"{sum(results)} of {len(others)}"

    await world.start()
    run = await world.trigger(branches)
    await world.until(run, "WAITING")
    await world.drain(world.crews[0])
    assert not [one for one in asyncio.all_tasks() if "branch" in repr(one.get_coro())]

    await world.start_worker()
    assert await world.output(run) == "3 of 3"
