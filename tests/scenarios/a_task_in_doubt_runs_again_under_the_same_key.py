"""A crash between an effect and its checkpoint: the same attempt runs again, and says the same idempotency key."""

from mainspring import IO, Retry, ctx
from scenarios.world import World


async def test_a_task_in_doubt_runs_again_under_the_same_key(world: World) -> None:
    gate = world.gate()

    async def charge() -> str:
        world.effects.append((ctx.attempt.number, ctx.idempotency_key))
        await gate.passed()
        return "charged"

    @world.client.job(id="doubtful")
    async def doubtful(io: IO) -> str:
        return await io.run_task("charge", charge, retry=0)

    await world.start()
    run = await world.trigger(doubtful)
    await gate.reached()
    await world.crash()
    gate.open()

    assert await world.output(run) == "charged"
    assert world.effects == [(1, f"{run.id}/charge")] * 2  # `retry=0` counts failures; a crash is none


async def test_every_attempt_says_the_same_key(world: World) -> None:
    async def charge() -> None:
        world.effects.append((ctx.attempt.number, ctx.idempotency_key))
        if ctx.attempt.number < 3:
            raise ConnectionError("no answer")

    @world.client.job(id="keyed")
    async def keyed(io: IO) -> None:
        await io.run_task("charge", charge, retry=Retry(max_attempts=3))
        await io.run_task("charge", charge, idempotency_key="order-7", retry=Retry(max_attempts=3))

    await world.start()
    run = await world.trigger(keyed)
    await world.output(run)

    first = [(n, f"{run.id}/charge") for n in (1, 2, 3)]
    assert world.effects == [*first, *[(n, "order-7") for n in (1, 2, 3)]]
