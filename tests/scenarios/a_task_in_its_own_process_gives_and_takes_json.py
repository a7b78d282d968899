"""A task in a process of its own: arguments and result cross as JSON, errors with their traceback."""

import os
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from mainspring import IO, Run, task
from scenarios.parts import isolated
from scenarios.parts.isolated import Parcel
from scenarios.world import World


async def ended(run: Run[Any]) -> Run[Any]:
    """When it has ended, by the machine's time: a process takes some."""
    async for _ in run.subscribe():
        pass
    return run


async def run_of(world: World, fn: Callable[..., Any], *args: Any, **options: Any) -> Run[Any]:
    @world.client.job(id="job")
    async def job(io: IO) -> Any:
        return await io.run_task("task", fn, *args, isolation="process", **options)

    await world.start()
    return await ended(await world.trigger(job))


async def test_models_and_dates_arrive_as_what_they_are(world: World) -> None:
    run = await run_of(world, isolated.weigh, Parcel(3, date(2026, 1, 2)), twice=True)
    assert run.error is None
    assert (run.output["weight"], run.output["year"]) == (6, 2026)
    assert run.output["pid"] != os.getpid()


async def test_an_async_function_runs_there_too(world: World) -> None:
    assert (await run_of(world, isolated.read_slowly)).output == "read"


async def test_ctx_is_there_and_io_is_not(world: World) -> None:
    run = await run_of(world, isolated.look_for_the_run)
    assert run.output == [run.id, "job", 1, "task", f"{run.id}/task"]


async def test_an_error_tells_its_type_and_place(world: World) -> None:
    run = await run_of(world, isolated.break_down, retry=0)
    assert run.error is not None
    assert "ValueError: this parcel has no weight" in run.error.message
    assert "break_down" in (run.error.traceback or "")


async def test_a_final_error_is_not_tried_again(world: World) -> None:
    run = await run_of(world, isolated.refuse, retry=5)
    assert (await world.tasks(run))["task"]["attempt"] == 1


async def test_a_process_that_is_killed_says_so(world: World) -> None:
    run = await run_of(world, isolated.die, retry=0)
    assert run.error is not None
    assert "ended without an answer (killed by SIGKILL)" in run.error.message


async def test_memory_is_limited(world: World) -> None:
    run = await run_of(world, isolated.eat, 4 << 30, memory_limit=2 << 30, retry=0)
    assert run.error is not None
    assert "MemoryError" in run.error.message


@pytest.mark.parametrize("kind", ["lambda", "local", "unsendable"])
async def test_what_cannot_be_sent_is_refused_in_words(world: World, kind: str) -> None:
    def local() -> None: ...

    fn = {"lambda": lambda: 1, "local": local, "unsendable": isolated.weigh}[kind]
    run = await run_of(world, fn, *([object()] if kind == "unsendable" else []))
    assert run.error is not None
    message = run.error.message
    if kind == "unsendable":
        assert "args[0]" in message
    else:
        assert "cannot be found by another process" in message
        assert "top level of a module" in message


def test_options_that_make_no_sense_are_refused() -> None:
    from mainspring import DefinitionError

    with pytest.raises(DefinitionError, match="memory_limit"):
        task(memory_limit=5)
    with pytest.raises(DefinitionError, match="isolation="):
        task(isolation="vm")  # type: ignore[call-overload]
