"""When all is still: what user code waits for is waited for, what only the test can bring is not (that in
test_plugin.py, in a process of its own: of another test's threads nobody knows what they might bring)."""

import asyncio
import threading

import pytest

from mainspring import IO, Client
from mainspring.testing import Environment


async def test_what_user_code_waits_for_in_real_time_is_waited_for(mainspring: Environment) -> None:
    client, loop = Client("shop"), asyncio.get_running_loop()

    @client.job(id="ask")
    async def ask(io: IO) -> str:
        async def later() -> str:
            answered: asyncio.Future[str] = loop.create_future()
            loop.call_later(0.02, answered.set_result, "yes")
            return await answered

        def in_thread() -> str:
            return threading.current_thread().name

        first = await io.run_task("later", later)
        return first + str("mainspring" in await io.run_task("thread", asyncio.to_thread, in_thread))

    run = await mainspring.trigger(ask)
    assert run.output == "yesFalse"


@pytest.mark.mainspring(patience=0.01)
async def test_what_goes_on_and_on_is_told_with_its_place(mainspring: Environment) -> None:
    client = Client("shop")

    @client.job(id="slow")
    async def slow() -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(600, done.cancel)
        await done

    with pytest.raises(
        AssertionError, match=r"not still after 0.01 seconds: the code of slow waits at .*settling"
    ):
        await mainspring.trigger(slow)


async def test_a_plain_def_at_work_is_waited_for(mainspring: Environment) -> None:
    client = Client("shop")

    @client.job(id="plain")
    def plain(io: IO) -> int:
        io.wait("1 day")  # type: ignore[unused-coroutine]  # blocks in a plain `def`
        return sum(range(200_000))

    run = await mainspring.trigger(plain)
    await mainspring.advance("1 day")
    assert run.output == sum(range(200_000))
