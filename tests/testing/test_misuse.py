"""What a test can get wrong says so, and what would be right."""

from typing import Any

import pytest

from mainspring import IO, Client
from mainspring.errors import DefinitionError, InvalidDuration, NotFound
from mainspring.testing import Environment

client = Client("shop")


@client.job(id="fulfil")
async def fulfil(io: IO) -> None:
    await io.run_task("charge", lambda: 1)


async def test_a_job_that_nobody_has(mainspring: Environment) -> None:
    mainspring.use(client)
    with pytest.raises(DefinitionError, match="has a job 'fulfill'; did you mean 'fulfil'"):
        await mainspring.trigger("fulfill")
    with pytest.raises(DefinitionError, match="is no job"):
        await mainspring.trigger(fulfil.fn)  # type: ignore[arg-type]  # which is what is tried
    assert (await mainspring.trigger("fulfil")).status == "SUCCESS"


async def test_time_goes_forward(mainspring: Environment) -> None:
    with pytest.raises(InvalidDuration, match="cannot be negative"):
        await mainspring.advance(-5)


async def test_an_event_without_a_client(mainspring: Environment) -> None:
    with pytest.raises(DefinitionError, match=r"mainspring\.use"):
        await mainspring.send_event("order.created")


async def test_a_task_that_the_run_does_not_have(mainspring: Environment) -> None:
    run = await mainspring.trigger(fulfil)
    with pytest.raises(NotFound, match="has no task 'chrage'; did you mean 'charge'"):
        run.tasks["chrage"]
    with pytest.raises(NotFound, match="no run 'run_x'"):
        _ = mainspring.run("run_x").status


async def test_a_token_where_there_is_none(mainspring: Environment) -> None:
    run = await mainspring.trigger(fulfil)
    with pytest.raises(DefinitionError, match="has no open tokens; it is "):
        await mainspring.complete(run)


@pytest.mark.parametrize("options", [{"task": ""}, {"task": "a", "times": 0}, {"task": "a", "error": "no"}])
def test_a_fault_that_is_none(mainspring: Environment, options: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError):
        mainspring.fail(**options)


def test_nothing_runs_yet(mainspring: Environment) -> None:
    assert mainspring.runs == []
    with pytest.raises(DefinitionError, match="start"):
        mainspring.run("run_x")


async def test_it_has_ended() -> None:
    async with Environment(client) as mainspring:
        run = await mainspring.trigger(fulfil)
    with pytest.raises(DefinitionError, match="has ended"):
        await mainspring.trigger(fulfil)
    with pytest.raises(DefinitionError, match="has ended"):
        _ = run.status
