"""A person replays a run: a fresh one with the same payload, or another, runs all of it anew; the first one stays."""

from mainspring import IO
from scenarios.world import World


async def test_a_run_can_be_replayed_as_a_fresh_one(world: World) -> None:
    async def work(n: int) -> int:
        world.effects.append(n)
        if world.effects == [4]:
            raise ValueError("the first time it fails")
        return n * 2

    @world.client.job(id="doubles")
    async def doubles(payload: int, io: IO) -> int:
        return await io.run_task("work", work, payload, retry=0)

    await world.start()
    run = await world.trigger(doubles, 4)
    await world.failure(run)
    again = await run.replay()
    other = await run.replay(payload=5)

    assert again.id != run.id
    assert (await world.output(again), await world.output(other)) == (8, 10)
    assert sorted(world.effects) == [4, 4, 5]
    await run.refresh()
    assert run.status == "FAILED"
