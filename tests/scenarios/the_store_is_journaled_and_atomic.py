"""`io.store`: what a run read it reads again on replay, what it wrote is written once, and updates do not get lost."""

import asyncio

from pydantic import BaseModel

from mainspring import IO
from scenarios.world import World


class Seen(BaseModel):
    count: int = 0


async def test_reads_are_journaled(world: World) -> None:
    @world.client.job(id="reader")
    async def reader(io: IO) -> list[object]:
        before = await io.store.get("limit", 10)
        had = await io.store.has("limit")
        await io.wait("pause", "1 hour")
        after = await io.store.get("limit", 10)
        return [before, had, after, await io.store.delete("limit"), await io.store.get("limit")]

    await world.start()
    run = await world.trigger(reader)
    await world.until(run, "WAITING", waiting_for="pause")
    await world.client.store.set("limit", 99)
    await world.crash()

    assert await world.output(run) == [10, False, 99, True, None]
    assert await world.client.store.has("limit") is False


async def test_writes_happen_once(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="counter")
    async def counter(io: IO) -> int:
        number: int = await io.store.update("orders", lambda count: (count or 0) + 1)
        await io.run_task("hold", gate.passed)
        await io.store.set("last", {"number": number})
        return number

    await world.start()
    first = await world.trigger(counter)
    await gate.reached()
    await world.crash()
    gate.open()
    assert await world.output(first) == 1
    assert await world.output(await world.trigger(counter)) == 2
    assert await world.client.store.get("orders") == 2
    assert await world.client.store.get("last") == {"number": 2}


async def test_updates_of_many_runs_do_not_get_lost(world: World) -> None:
    @world.client.job(id="tally")
    async def tally(io: IO) -> int:
        def one_more(seen: Seen) -> Seen:
            return Seen(count=seen.count + 1)

        new = await io.store.update("seen", one_more, default=Seen(), type=Seen)
        return int(new.count)

    await world.start()
    runs = await asyncio.gather(*(world.trigger(tally) for _ in range(10)))

    assert sorted([await world.output(run) for run in runs]) == list(range(1, 11))
    assert await world.client.store.get("seen", type=Seen) == Seen(count=10)


async def test_scopes_are_apart(world: World) -> None:
    @world.client.job(id="scoped")
    async def scoped(payload: str, io: IO) -> list[object]:
        await io.store.set("k", payload)
        if not await io.store.job.has("k"):
            await io.store.job.set("k", f"job {payload}")
        await io.store.run.set("k", f"run {payload}")
        return [await io.store.get("k"), await io.store.job.get("k"), await io.store.run.get("k")]

    await world.start()
    first = await world.trigger(scoped, "a")
    assert await world.output(first) == ["a", "job a", "run a"]
    assert await world.output(await world.trigger(scoped, "b")) == ["b", "job a", "run b"]
    assert await world.client.store.job("scoped").get("k") == "job a"
    assert await world.client.store.run(first.id).get("k") == "run a"
