"""What `FIRST_COMPLETED` and `as_completed` saw first they see first on replay, and so the code goes the same way."""

import asyncio

from mainspring import IO
from scenarios.world import World


async def test_the_winner_of_a_race_wins_again_on_replay(world: World) -> None:
    gates = {"hare": world.gate(), "tortoise": world.gate()}

    async def race(name: str) -> str:
        await gates[name].passed()
        return name

    async def prize(name: str) -> str:
        world.effects.append(f"prize for {name}")
        return name

    @world.client.job(id="race")
    async def run_race(io: IO) -> list[str]:
        racers = {asyncio.ensure_future(io.run_task(name, race, name)) for name in ("hare", "tortoise")}
        done, others = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
        (winner,) = done
        won = await io.run_task(f"prize-{winner.result()}", prize, winner.result())
        await asyncio.wait(others)
        await io.wait("1 hour")
        return [won, *(other.result() for other in others)]

    await world.start()
    run = await world.trigger(run_race)
    await gates["hare"].reached()
    await gates["tortoise"].reached()
    gates["tortoise"].open()
    await world.still()
    gates["hare"].open()
    await world.until(run, "WAITING")
    for _ in range(3):
        await world.crash()

    assert await world.output(run) == ["tortoise", "hare"]
    assert world.effects == ["prize for tortoise"]
    assert (await world.tasks(run))["hare"]["status"] == "SUCCESS"


async def test_results_come_in_the_same_order_again(world: World) -> None:
    order = [3, 0, 4, 1, 2]
    gates = [world.gate() for _ in order]

    async def work(n: int) -> int:
        await gates[n].passed()
        return n

    async def note(n: int) -> int:
        world.effects.append(n)
        return n

    @world.client.job(id="as-completed")
    async def as_completed(io: IO) -> list[int]:
        results = asyncio.as_completed([io.run_task(f"work-{n}", work, n) for n in range(5)])
        # The key is the same each time: its number tells the order of completion.
        seen = [await io.run_task("note", note, await result) for result in results]
        await io.wait("1 hour")
        return seen

    await world.start()
    run = await world.trigger(as_completed)
    for gate in gates:
        await gate.reached()
    for n in order:
        gates[n].open()
        await world.still()
    await world.until(run, "WAITING")
    await world.crash()

    assert await world.output(run) == order
    assert world.effects == order
    notes = [task["output"] for key, task in (await world.tasks(run)).items() if key.startswith("note")]
    assert notes == order
