"""Calls that come shortly after one another become one run, with what the last one or the first one brought."""

from mainspring import Debounce
from scenarios.world import World


async def test_debounced_calls_become_one_run(world: World) -> None:
    @world.client.job(id="index")
    async def index(payload: str) -> str:
        world.effects.append(payload)
        return payload

    await world.start()
    for n in range(4):
        last = await index.trigger(f"last-{n}", debounce=Debounce("5 minutes", key="a"))
        first = await index.trigger(f"first-{n}", debounce=Debounce("5 minutes", key="b", mode="leading"))
        often = await index.trigger(
            f"often-{n}", debounce=Debounce("5 minutes", key="c", max_delay="10 minutes")
        )
        await world.advance("4 minutes")
        if n == 1:
            await world.crash()
    await world.advance("10 minutes")

    assert sorted(set(world.effects)) == ["first-0", "last-3", "often-2", "often-3"]
    assert [await run.result() for run in (last, first, often)] == ["last-3", "first-0", "often-3"]
    assert len([run async for run in world.client.runs.list(job_id="index")]) == 4
