"""A task may call tasks: they stand under it, are kept one by one, and answer when it is tried again."""

import asyncio

from mainspring import IO, Retry, ctx, io, task
from scenarios.world import World


async def test_nested_tasks_stand_under_their_parent(world: World) -> None:
    @task
    async def fetch(page: int) -> int:
        world.effects.append(f"fetch {page}")
        return page * 10

    async def load() -> list[int]:
        pages = await asyncio.gather(*(fetch(page) for page in (1, 2, 3)))
        await io.run_task("store", store)
        if ctx.attempt.number == 1:
            raise ConnectionError("lost after all was fetched")
        return list(pages)

    async def store() -> None:
        world.effects.append("store")

    @world.client.job(id="import")
    async def import_(io: IO) -> list[int]:
        first = await io.run_task("load", load, retry=Retry(min_delay="1s", jitter=False))
        second = await fetch(9)
        return [*first, second]

    await world.start()
    run = await world.trigger(import_)

    assert await world.output(run) == [10, 20, 30, 90]
    assert sorted(world.effects) == ["fetch 1", "fetch 2", "fetch 3", "fetch 9", "store"]
    tasks = await world.tasks(run)
    assert sorted(tasks) == ["fetch", "load", "load/fetch", "load/fetch#2", "load/fetch#3", "load/store"]
    assert {tasks[key]["parent_key"] for key in tasks if "/" in key} == {"load"}
    assert tasks["load"]["attempt"] == 2
    spans = {span["name"]: span for span in await world.trace(run)}
    assert spans["store"]["parent_id"] != spans["load"]["parent_id"]


async def test_nested_tasks_answer_after_a_crash_of_everything(world: World) -> None:
    gate = world.gate()

    async def outer() -> str:
        first = await io.run_task("inner", inner)
        await io.run_task("held", gate.passed)
        return f"{first} done"

    async def inner() -> str:
        world.effects.append("inner")
        return "inner"

    @world.client.job(id="nested")
    async def nested(io: IO) -> str:
        return await io.run_task("outer", outer)

    await world.start()
    run = await world.trigger(nested)
    await gate.reached()
    await world.crash()
    gate.open()

    assert await world.output(run) == "inner done"
    assert world.effects == ["inner"]
    assert (await world.tasks(run))["outer"]["attempt"] == 1
