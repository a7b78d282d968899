"""A loop of a hundred tasks dies in its midst: it is led again to where it was, and no finished task runs again."""

from mainspring import IO
from scenarios.world import World

TASKS = 100


async def test_a_loop_answers_from_its_checkpoints(world: World) -> None:
    gate = world.gate()

    async def work(n: int) -> int:
        if n == TASKS // 2:
            await gate.passed()
        world.effects.append(n)
        return n * n

    @world.client.job(id="looping")
    async def looping(io: IO) -> int:
        return sum([await io.run_task("work", work, n) for n in range(TASKS)])

    await world.start()
    run = await world.trigger(looping)
    await gate.reached()
    await world.crash()
    gate.open()

    assert await world.output(run) == sum(n * n for n in range(TASKS))
    assert world.effects == list(range(TASKS))
    assert (await world.kinds(run)).count("TASK_COMPLETED") == TASKS
