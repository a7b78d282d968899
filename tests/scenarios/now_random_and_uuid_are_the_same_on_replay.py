"""`io.now`, `io.random` and `io.uuid` give on replay what they gave first, and differ between runs and calls."""

from mainspring import IO
from mainspring.clock import from_iso
from scenarios.world import World


async def test_now_random_and_uuid_are_the_same_on_replay(world: World) -> None:
    async def note(value: list[str]) -> None:
        world.effects.append(value)

    @world.client.job(id="dice")
    async def dice(io: IO) -> list[list[str]]:
        def draw() -> list[str]:
            return [io.now().isoformat(), str(io.random()), str(io.uuid()), str(io.random.randint(1, 10**9))]

        before = draw()
        await io.run_task("note", note, before)
        await io.wait("1 hour")
        after = draw()
        await io.run_task("note", note, after)
        await io.wait("1 hour")
        return [before, after]

    await world.start()
    began = world.clock.now()
    run = await world.trigger(dice)
    await world.until(run, "WAITING", waiting_for="wait")
    await world.crash()
    await world.advance("1 hour")
    await world.crash()
    before, after = await world.output(run)

    assert world.effects == [before, after]
    assert from_iso(before[0]) == began
    assert from_iso(after[0]) == began + 3_600_000_000
    assert all(one != two for one, two in zip(before, after, strict=True))
    other = await world.output(await world.trigger(dice))
    assert other[0][1:] != before[1:]
