"""`io.map`: a function over items, so many at once; results in order, keys the same after a crash."""

import pytest

from mainspring import IO, DefinitionError, task
from scenarios.world import World


async def test_map_keeps_order_and_its_limit(world: World) -> None:
    now = most = 0

    @task
    async def render(n: int) -> str:
        world.effects.append(n)
        return f"page {n}"

    async def work(n: int) -> int:
        return n * 10

    @world.client.job(id="mapped")
    async def mapped(io: IO) -> list[object]:
        async def one(n: int) -> list[object]:
            nonlocal now, most
            now += 1
            most = max(now, most)
            try:
                await io.wait("pause", (7 - n) * 60)
                return [n, await io.run_task("work", work, n)]
            finally:
                now -= 1

        pages = await io.map(render, range(5), limit=2)
        return [pages, await io.map(one, range(6), limit=3), await io.map(render, [])]

    await world.start()
    run = await world.trigger(mapped)
    await world.until(run, "WAITING")
    assert len(run.waiting_for) == 3
    await world.crash()
    now = 0  # what was killed left no `finally` behind

    pages, worked, none = await world.output(run)
    assert pages == [f"page {n}" for n in range(5)]
    assert worked == [[n, n * 10] for n in range(6)]
    assert none == []
    assert sorted(world.effects) == list(range(5))
    assert most == 3
    tasks = await world.tasks(run)
    assert {tasks["render" if n == 0 else f"render#{n + 1}"]["output"] for n in range(5)} == set(pages)


async def test_what_is_no_task_is_refused(world: World) -> None:
    @world.client.job(id="mapped")
    async def mapped(io: IO) -> str:
        with pytest.raises(DefinitionError, match="returned no awaitable"):
            await io.map(lambda n: n, [1])  # type: ignore[arg-type,return-value]
        with pytest.raises(DefinitionError, match="limit"):
            await io.map(lambda n: io.wait(n), [1], limit=0)
        return "refused"

    await world.start()

    assert await world.output(await world.trigger(mapped)) == "refused"
