"""`timeout=` ends an attempt that takes too long; it counts as a failed one and is tried again."""

import asyncio

from mainspring import IO, Retry, TaskFailed, TaskTimeout, ctx
from scenarios.world import World


async def test_a_task_past_its_timeout_is_tried_again(world: World) -> None:
    async def slow() -> str:
        world.effects.append(f"try {ctx.attempt.number}")
        if ctx.attempt.number == 1:
            await asyncio.Event().wait()
        return "in time"

    @world.client.job(id="timed")
    async def timed(io: IO) -> str:
        return await io.run_task("slow", slow, timeout="5 seconds", retry=Retry(min_delay="1s", jitter=False))

    await world.start()
    run = await world.trigger(timed)

    assert await world.output(run) == "in time"
    assert world.effects == ["try 1", "try 2"]
    first = (await world.tasks(run))["slow"]["attempts"][0]
    assert first["error"]["code"] == "task_timeout"


async def test_a_task_that_always_takes_too_long_fails(world: World) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    @world.client.job(id="timed")
    async def timed(io: IO) -> list[str]:
        try:
            await io.run_task("endless", endless, timeout="5 seconds", retry=0)
        except TaskFailed as error:
            return [
                error.task_key,
                getattr(error.cause, "code", ""),
                str(issubclass(TaskTimeout, TimeoutError)),
            ]
        return []

    await world.start()

    assert await world.output(await world.trigger(timed)) == ["endless", "task_timeout", "True"]
