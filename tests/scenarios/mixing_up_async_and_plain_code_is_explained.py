"""Plain code that awaits, and async functions called without `await`: one line says what to write."""

import asyncio

from mainspring import IO, SyncIO
from scenarios.world import World


async def test_plain_code_that_awaits_io_on_a_loop_of_its_own(world: World) -> None:
    @world.client.job(id="awaiting")
    def awaiting(io: IO) -> str:
        async def inner() -> str:
            return await io.run_task("one", lambda: "1")

        return asyncio.run(inner())

    await world.start()
    error = await world.failure(await world.trigger(awaiting))
    assert error.code == "wrong_loop"
    assert "io.run_task was awaited on an event loop of its own" in error.message
    assert "without await" in error.message


async def test_an_async_function_called_in_a_plain_job(world: World) -> None:
    async def charge() -> str:
        return "charged"

    @world.client.job(id="called", retry=0)
    def called(io: SyncIO) -> object:
        return io.run_task("charge", charge())  # type: ignore[call-overload]

    @world.client.job(id="returned", retry=0)
    def returned(io: SyncIO) -> object:
        return {"receipt": charge()}

    await world.start()
    error = await world.failure(await world.trigger(called))
    assert "Give the function and its arguments: io.run_task(key, fn, arg)" in error.message
    error = await world.failure(await world.trigger(returned))
    assert "`receipt`" in error.message
    assert "async function was called without `await`" in error.message


async def test_an_async_function_is_a_task_of_a_plain_job_like_any_other(world: World) -> None:
    async def charge(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @world.client.job(id="mixed")
    def mixed(io: SyncIO) -> int:
        return io.run_task("charge", charge, 7)

    await world.start()
    assert await world.output(await world.trigger(mixed)) == 7
