"""`from mainspring import io, ctx` are the run's own wherever its code calls; outside a run they say what to do."""

import asyncio

import pytest

from mainspring import IO, Context, NotInRun, ctx, io
from scenarios.world import World


async def below(n: int) -> str:
    """As a function in another module would."""
    await io.run_task("work", work, n)
    return f"{ctx.run.id} {ctx.job.id}"


async def work(n: int) -> str:
    io.logger.info("working", n=n)
    return f"{ctx.task_key} {ctx.attempt.number}"


async def test_io_and_ctx_are_found_anywhere_below_a_job(world: World) -> None:
    @world.client.job(id="top", version="1.2.3")
    async def top(payload: int, io: IO, ctx: Context) -> list[object]:
        return [
            await below(payload),
            ctx.run.id,
            ctx.job.version,
            ctx.environment,
            ctx.attempt.number,
            ctx.event,
        ]

    await world.start()
    runs = await asyncio.gather(*(world.trigger(top, n) for n in range(5)))
    for n, run in enumerate(runs):
        assert await world.output(run) == [f"{run.id} top", run.id, "1.2.3", "dev", 1, None]
        assert (await world.tasks(run))["work"]["output"] == "work 1"
        (line,) = await world.logs(run)
        assert (line["fields"], line["task"]) == ({"n": n}, "work")


async def test_outside_a_run_they_say_what_to_do(world: World) -> None:
    with pytest.raises(NotInRun, match=r"io\.run_task was used outside a run.*client"):
        await io.run_task("work", work, 1)
    with pytest.raises(NotInRun, match=r"io\.wait"):
        await io.wait("1 second")
    with pytest.raises(NotInRun, match=r"ctx\.run"):
        _ = ctx.run
    with pytest.raises(NotInRun):
        io.logger.info("nobody hears")
