"""`NonRetryable` ends a task, or a run's body, at once, whatever its retry says."""

from mainspring import IO, NonRetryable, Retry, TaskFailed
from scenarios.world import World


async def test_a_task_ends_at_once(world: World) -> None:
    async def refused() -> None:
        world.effects.append("refused")
        raise NonRetryable("no such account")

    @world.client.job(id="at-once")
    async def at_once(io: IO) -> str:
        try:
            await io.run_task("refused", refused, retry=10)
        except TaskFailed as error:
            return f"{error.attempts}: {error}"
        return "?"

    await world.start()
    began = world.clock.now()
    message = await world.output(await world.trigger(at_once))

    assert message.startswith("1: ")
    assert "no such account" in message
    assert world.effects == ["refused"]
    assert world.clock.now() == began


async def test_a_body_ends_at_once(world: World) -> None:
    @world.client.job(id="body-at-once", retry=10)
    async def body_at_once() -> None:
        raise NonRetryable("this order is void")

    await world.start()
    run = await world.trigger(body_at_once)
    error = await world.failure(run)

    assert (error.code, error.message, run.attempt) == ("non_retryable", "this order is void", 1)


async def test_what_a_retry_gives_up_on(world: World) -> None:
    async def missing() -> None:
        world.effects.append("looked")
        raise FileNotFoundError("no such file")

    @world.client.job(id="given-up")
    async def given_up(io: IO) -> None:
        await io.run_task("look", missing, retry=Retry(max_attempts=5, give_up_on=FileNotFoundError))

    await world.start()
    await world.failure(await world.trigger(given_up))

    assert world.effects == ["looked"]
