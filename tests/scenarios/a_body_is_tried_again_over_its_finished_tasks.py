"""An exception of the body itself is retried by the job's `retry`; finished tasks answer from their checkpoints."""

from mainspring import IO, Context, Retry
from mainspring.clock import HOUR, SECOND
from scenarios.world import World


async def test_a_body_is_tried_again_over_its_finished_tasks(world: World) -> None:
    async def draw() -> int:
        world.effects.append("draw")
        return 7

    @world.client.job(id="stumbling", retry=Retry(max_attempts=3, min_delay="10s", factor=1, jitter=False))
    async def stumbling(io: IO, ctx: Context) -> list[int]:
        drawn = await io.run_task("draw", draw)
        if ctx.attempt.number < 3:
            raise RuntimeError(f"stumbled in attempt {ctx.attempt.number}")
        return [drawn, ctx.attempt.number]

    await world.start()
    run = await world.trigger(stumbling)

    await world.until(run, "PENDING")
    assert run.error is not None
    assert run.error.message == "stumbled in attempt 1"
    assert run.pending_reason is not None

    began = world.clock.now()
    assert await world.output(run) == [7, 3]
    assert world.clock.now() - began == 20_000_000
    assert world.effects == ["draw"]
    assert run.attempt == 3
    assert run.error is None
    assert (await world.kinds(run)).count("JOB_RETRIED") == 2


async def test_a_body_that_always_raises_fails_after_its_attempts(world: World) -> None:
    @world.client.job(id="hopeless", retry=2)
    async def hopeless() -> None:
        raise KeyError("nowhere")

    await world.start()
    run = await world.trigger(hopeless)
    error = await world.failure(run)

    assert (error.type, run.attempt) == ("KeyError", 2)
    assert error.task_key is None
    assert 'raise KeyError("nowhere")' in error.traceback


async def test_waits_that_are_over_are_not_waited_for_again(world: World) -> None:
    @world.client.job(id="waits-first", retry=Retry(max_attempts=9, min_delay="10s", factor=1, jitter=False))
    async def waits_first(io: IO, ctx: Context) -> object:
        await io.wait("pause", "1 hour")
        event = await io.wait_for_event("answer", name="answer", timeout="1 hour")
        if ctx.attempt.number < 3:
            raise RuntimeError("stumbled")
        return event.payload

    await world.start()
    began = world.clock.now()
    run = await world.trigger(waits_first)
    await world.advance("1 hour")
    await world.send("answer", 42)

    assert await world.output(run) == 42
    assert world.clock.now() - began == HOUR + 20 * SECOND

    once = await world.trigger(waits_first, max_attempts=1)
    await world.advance("1 hour")
    await world.send("answer", 42)
    assert (await world.failure(once)).message == "stumbled"
