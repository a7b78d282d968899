"""Clients in tests: several at once, one that two tests use, jobs that come later, children, what is encrypted."""

import os
from typing import Any

import pytest
import uvloop

from mainspring import IO, AESGCMCodec, Client, SyncIO
from mainspring.errors import WrongLoop
from mainspring.testing import Environment

shared = Client("shared")


@shared.on("count")
async def counted(io: IO) -> int:
    return int(await io.store.update("count", lambda count: count + 1, default=0))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.mainspring(shared)
async def test_two_tests_share_nothing(mainspring: Environment, number: int) -> None:
    event = await mainspring.send_event("count")
    assert mainspring.run_of(event).output == 1
    assert len(mainspring.runs) == 1


async def test_a_client_reaches_afterwards_what_it_reached_before() -> None:
    before = shared._api._door
    async with Environment(shared) as mainspring:
        await mainspring.trigger(counted)
        assert shared._api._door is not before
    assert shared._api._door is before


@pytest.fixture(params=["async", "plain"])
def either(request: pytest.FixtureRequest) -> Client:
    client = Client(request.param)
    if request.param == "async":

        @client.job(id="double")
        async def double(payload: int, io: IO) -> int:
            await io.wait("1 day")
            return 2 * payload

    else:

        @client.job(id="double")
        def double_plainly(payload: int, io: SyncIO) -> int:
            io.wait("1 day")
            return 2 * payload

    return client


async def test_each_of_several_clients_has_its_worker(mainspring: Environment, either: Client) -> None:
    mainspring.use(either, shared)
    run = await mainspring.trigger("double", 3)
    assert (await mainspring.trigger(counted)).output == 1
    await mainspring.advance("1 day")
    assert run.output == 6


async def test_children_and_batches(mainspring: Environment, either: Client) -> None:
    double = either.job_by_id("double")

    @either.job(id="parent")
    async def parent(payload: list[int]) -> list[Any]:
        return [result.unwrap() for result in await double.batch_trigger_and_wait(payload)]

    run = await mainspring.trigger(parent, [1, 2])
    assert run.status == "WAITING"
    assert [one.job_id for one in mainspring.runs] == ["parent", "double", "double"]
    handles = await double.batch_trigger([5, 6])
    await mainspring.advance("1 day")
    assert run.output == [2, 4]
    assert [mainspring.run(handle).output for handle in handles] == [10, 12]


async def test_a_job_that_is_defined_later(mainspring: Environment) -> None:
    client = Client("later")

    @client.job(id="first")
    async def first(io: IO) -> str:
        await io.wait("1 hour")
        return "first"

    run = await mainspring.trigger(first)

    @client.job(id="second")
    async def second() -> str:
        return "second"

    assert (await mainspring.trigger(second)).output == "second"
    await mainspring.advance("1 hour")
    assert run.output == "first"
    assert "WORKER_LOST" not in [entry.kind for entry in run.history]


async def test_what_is_encrypted_is_readable_in_the_test(mainspring: Environment) -> None:
    client = Client("secret", codec=AESGCMCodec(os.urandom(32)))

    @client.job(id="hide")
    async def hide(payload: str, io: IO) -> str:
        return await io.run_task("say", lambda: f"{payload}!")

    run = await mainspring.trigger(hide, "hush")
    assert (run.payload, run.output, run.tasks["say"].output) == ("hush", "hush!", "hush!")


@pytest.mark.mainspring(always_replay=True)
async def test_code_begins_anew_after_all_that_it_waits_for(mainspring: Environment) -> None:
    client, begun = Client("replayed"), []

    @client.job(id="twice")
    async def twice(io: IO) -> None:
        begun.append(1)
        await io.run_task("a", lambda: 1)
        await io.wait("1 day")

    run = await mainspring.trigger(twice)
    await mainspring.advance("1 day")
    assert run.status == "SUCCESS"
    assert len(begun) == 3


def test_another_event_loop_is_refused_with_the_way_out() -> None:
    async def test() -> None:
        await Environment(shared).trigger(counted)

    loop = uvloop.new_event_loop()
    try:
        with pytest.raises(WrongLoop, match=r"this is uvloop's.*mainspring\.sync"):
            loop.run_until_complete(test())
    finally:
        loop.close()
