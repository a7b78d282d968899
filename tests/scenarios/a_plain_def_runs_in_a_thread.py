"""Plain `def` tasks and jobs run in threads: there `io` blocks and returns values, and nothing holds up the rest."""

import threading
from typing import Any

from mainspring import IO, Context, Retry, ctx, io, task
from scenarios.world import World


async def test_a_plain_def_task_runs_in_a_thread(world: World) -> None:
    loop_thread = threading.get_ident()
    gate = world.gate()

    def blocking(n: int) -> list[object]:
        world.effects.append(ctx.attempt.number)
        gate.wait_open()
        if ctx.attempt.number == 1:
            raise ConnectionError("try again")
        return [n * 2, threading.get_ident() != loop_thread, ctx.task_key]

    @world.client.job(id="threads")
    async def threads(io: IO) -> list[object]:
        return await io.run_task("blocking", blocking, 21, retry=Retry(min_delay="1s", jitter=False))

    @world.client.job(id="other")
    async def other() -> str:
        return "not held up"

    await world.start()
    run = await world.trigger(threads)
    await gate.reached()
    assert await world.output(await world.trigger(other)) == "not held up"
    gate.open()

    assert await world.output(run) == [42, True, "blocking"]
    assert world.effects == [1, 2]


async def test_a_plain_def_job_blocks_its_own_thread(world: World) -> None:
    def note(what: str) -> str:
        world.effects.append(what)
        return what

    @task
    def shout(what: str) -> str:
        return note(what.upper())

    @world.client.job(id="plain")
    def plain(payload: str, io: Any, ctx: Context) -> list[object]:
        first = io.run_task("first", note, payload)
        io.wait("pause", "1 hour")
        event = io.wait_for_event("answer", name="answer", timeout="1 day")
        number = io.store.update("n", lambda n: (n or 0) + 1)
        io.logger.info("nearly done")
        return [first, shout("loud"), event.payload, number, ctx.job.id, str(io.uuid()) != ""]

    await world.start(slots=1)
    run = await world.trigger(plain, "quiet")
    await world.until(run, waiting_for="pause")
    await world.crash()
    await world.advance("1 hour")
    await world.until(run, waiting_for="answer")
    await world.send("answer", "yes")

    assert await world.output(run) == ["quiet", "LOUD", "yes", 1, "plain", True]
    assert world.effects == ["quiet", "LOUD"]


async def test_a_plain_def_job_without_io_just_runs(world: World) -> None:
    @world.client.job(id="sum")
    def add(payload: list[int]) -> int:
        io.logger.info("adding", count=len(payload))
        return sum(payload)

    await world.start()
    run = await world.trigger(add, [1, 2, 3])

    assert await world.output(run) == 6
    assert [line["message"] for line in await world.logs(run)] == ["adding"]
