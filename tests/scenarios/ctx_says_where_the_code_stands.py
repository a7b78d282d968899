"""`ctx`: run, job, event, attempt, deadline, trace; all but `is_replay` the same whenever a place is met again."""

from datetime import timedelta

from mainspring import IO, Context, ctx, event_trigger
from mainspring.clock import to_datetime
from scenarios.world import World


async def test_ctx_says_where_the_code_stands(world: World) -> None:
    async def look() -> list[object]:
        return [ctx.task_key, ctx.run.id, ctx.attempt.number, ctx.attempt.max_attempts, ctx.trace.traceparent]

    @world.client.job(
        id="looks", version="1.2.0", trigger=event_trigger("looked.at"), max_duration="1 day", tags=["eyes"]
    )
    async def looks(io: IO, ctx: Context) -> list[object]:
        inside = await io.run_task("look", look, retry=4)
        assert ctx.event is not None
        world.effects.append(
            (
                *(ctx.run.id, ctx.run.tags, ctx.job.id, ctx.job.version, ctx.event.id, ctx.event.payload),
                *(ctx.attempt.number, ctx.environment, ctx.deadline, ctx.trace.traceparent, ctx.task_key),
            )
        )
        await io.wait("1 hour")
        return inside

    await world.start()
    began = to_datetime(world.clock.now())
    event = await world.send("looked.at", {"n": 1}, id="e-1")
    run = await world.run_of(event)
    await world.until(run, "WAITING")
    await world.crash()
    key, run_id, number, most, inner = await world.output(run)

    assert (key, run_id, number, most) == ("look", run.id, 1, 4)
    first, *again = world.effects
    assert again
    assert set(map(repr, again)) == {repr(first)}
    assert first[:7] == (run.id, ("eyes",), "looks", "1.2.0", "e-1", {"n": 1}, 1)
    assert first[7] == "dev"
    assert first[8] == began + timedelta(days=1)
    assert first[10] is None
    outer = first[9].split("-")
    assert inner.split("-")[1] == outer[1]  # one trace
    assert inner.split("-")[2] != outer[2]  # another place in it


async def test_is_replay_tells_whether_the_code_is_led_again(world: World) -> None:
    @world.client.job(id="again")
    async def again(io: IO) -> None:
        world.effects.append(("before", ctx.run.is_replay))
        await io.wait("1 hour")
        world.effects.append(("after", ctx.run.is_replay))

    await world.start()
    run = await world.trigger(again)
    await world.until(run, "WAITING")
    assert world.effects[0] == ("before", False)
    await world.crash()
    await world.output(run)

    assert ("before", True) in world.effects
    assert world.effects[-1] == ("after", False)
