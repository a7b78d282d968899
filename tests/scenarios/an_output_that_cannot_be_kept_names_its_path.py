"""A task's or job's output that JSON cannot hold, or that is too large, fails it at once and says where and why."""

from dataclasses import replace

from mainspring import IO, TooLarge, Unserialisable
from mainspring.model.limits import Limits
from scenarios.world import World


class Socket:
    """Nothing that could be kept."""


async def test_a_tasks_output_names_its_path(world: World) -> None:
    async def make() -> dict[str, object]:
        world.effects.append("made")
        return {"items": [{"when": "now"}, {"when": Socket()}]}

    @world.client.job(id="maker", retry=5)
    async def maker(io: IO) -> str:
        try:
            await io.run_task("make", make, retry=5)
        except Unserialisable as error:
            await io.wait("1 hour")
            return error.path
        return "?"

    await world.start()
    run = await world.trigger(maker)

    assert await world.output(run) == "items[1].when"
    assert world.effects == ["made"]
    failed = (await world.tasks(run))["make"]
    assert (failed["status"], failed["error"]["path"]) == ("FAILED", "items[1].when")
    assert "Socket" in failed["error"]["message"]


async def test_a_jobs_output_names_its_path(world: World) -> None:
    async def work() -> None:
        world.effects.append("work")

    @world.client.job(id="maker", retry=5)
    async def maker(io: IO) -> list[object]:
        await io.run_task("work", work)
        return [1, Socket()]

    await world.start()
    run = await world.trigger(maker)
    error = await world.failure(run)

    assert (error.code, error.path, run.attempt) == ("unserialisable", "[1]", 1)
    assert world.effects == ["work"]


async def test_too_large_an_output_names_size_and_setting(world: World) -> None:
    async def make(size: int) -> str:
        return "x" * size

    @world.client.job(id="maker", retry=5)
    async def maker(payload: int, io: IO) -> str:
        try:
            await io.run_task("make", make, 5_000, retry=5)
        except TooLarge as error:
            return str(error) if payload == 0 else "y" * payload
        return "?"

    await world.start(limits=replace(Limits(), max_payload_bytes=2_000))
    message = await world.output(await world.trigger(maker, 0))
    assert "5,002" in message
    assert "max_payload_bytes" in message

    run = await world.trigger(maker, 3_000)
    error = await world.failure(run)
    assert (error.code, run.attempt) == ("too_large", 1)
    assert "max_payload_bytes" in error.message
