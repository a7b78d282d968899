"""A key used again in one run gets `#2`, `#3`, ... by the order of calls: loops just work, and replay the same."""

from mainspring import IO
from scenarios.world import World


async def test_repeated_keys_count_up(world: World) -> None:
    async def square(n: int) -> int:
        world.effects.append(n)
        return n * n

    @world.client.job(id="loop")
    async def loop(io: IO) -> list[int]:
        squares = []
        for n in range(1, 6):
            squares.append(await io.run_task("square", square, n))
            if n == 3:
                await io.wait("1 hour")
        await io.wait("1 hour")
        return squares

    await world.start()
    run = await world.trigger(loop)
    await world.until(run, "WAITING", waiting_for="wait")
    await world.crash()

    assert await world.output(run) == [1, 4, 9, 16, 25]
    assert world.effects == [1, 2, 3, 4, 5]
    keys = set(await world.tasks(run))
    assert keys == {"square", "square#2", "square#3", "wait", "square#4", "square#5", "wait#2"}


async def test_a_key_with_the_marks_of_keys_stays_itself(world: World) -> None:
    async def get(url: str) -> str:
        world.effects.append(url)
        return url

    @world.client.job(id="odd-keys")
    async def odd_keys(io: IO) -> list[str]:
        keys = ["https://example.com/a#2", "a/b", "a", "a#2", "a"]
        return [await io.run_task(key, get, f"{n} {key}") for n, key in enumerate(keys)]

    await world.start()
    run = await world.trigger(odd_keys)

    assert await world.output(run) == ["0 https://example.com/a#2", "1 a/b", "2 a", "3 a#2", "4 a"]
    assert len(world.effects) == 5
    tasks = await world.tasks(run)
    assert len(tasks) == 5
    assert {task["parent_key"] for task in tasks.values()} == {None}
