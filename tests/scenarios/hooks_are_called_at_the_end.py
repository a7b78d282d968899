"""`on_success` and `on_failure` are called after the end, with what they ask for; their own errors harm nothing."""

from mainspring import IO, Context
from scenarios.world import World


async def test_hooks_are_called_at_the_end(world: World) -> None:
    async def succeeded(output: int, payload: int, ctx: Context) -> None:
        world.effects.append(("succeeded", payload, output, ctx.job.id))

    def failed(error: Exception, ctx: Context) -> None:
        world.effects.append(("failed", type(error).__name__, str(error)))
        raise RuntimeError("the hook itself is broken")

    @world.client.job(id="hooked", on_success=succeeded, on_failure=failed, retry=2)
    async def hooked(payload: int, io: IO) -> int:
        await io.wait("1 hour")
        if payload < 0:
            raise ValueError("negative")
        return payload * 2

    await world.start()
    good, bad = await world.trigger(hooked, 4), await world.trigger(hooked, -1)
    assert await world.output(good) == 8
    error = await world.failure(bad)
    await world.still()

    assert sorted(world.effects) == [("failed", "ValueError", "negative"), ("succeeded", 4, 8, "hooked")]
    assert error.message == "negative"
