"""Calls that can never go well end the run at once and say what to mend: a bad key, a result for a function, too
many tasks."""

from dataclasses import replace

from mainspring import IO
from mainspring.model.limits import Limits
from scenarios.world import World


async def test_a_bad_key_or_function_ends_the_run(world: World) -> None:
    async def work() -> int:
        world.effects.append("work")
        return 1

    @world.client.job(id="misuse", retry=5)
    async def misuse(payload: str, io: IO) -> None:
        if payload == "key":
            await io.run_task("", work)
        elif payload == "function":
            await io.run_task("work", work())  # type: ignore[call-overload]
        elif payload == "duration":
            await io.wait("a fortnight or so")

    await world.start()
    for payload, said in (("key", "empty key"), ("function", "Give the function"), ("duration", "fortnight")):
        run = await world.trigger(misuse, payload)
        error = await world.failure(run)
        assert said in error.message
        assert run.attempt == 1
    assert world.effects == []


async def test_too_many_tasks_name_the_setting(world: World) -> None:
    async def work(n: int) -> int:
        world.effects.append(n)
        return n

    @world.client.job(id="greedy", retry=5)
    async def greedy(io: IO) -> None:
        for n in range(100):
            await io.run_task("work", work, n)

    await world.start(limits=replace(Limits(), max_tasks_per_run=20))
    run = await world.trigger(greedy)
    error = await world.failure(run)

    assert error.code == "limit_exceeded"
    assert "max_tasks_per_run" in error.message
    assert world.effects == list(range(20))
    assert run.attempt == 1
