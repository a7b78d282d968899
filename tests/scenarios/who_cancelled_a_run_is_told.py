"""Who cancelled a run and why is kept with it and in its account; children say which parent took them with it."""

from typing import Any

import pytest

from mainspring import IO
from mainspring.errors import BadRequest
from scenarios.world import World


async def test_who_cancelled_a_run_is_told(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="child")
    async def child(io: IO) -> None:
        await io.wait("1 day")

    @world.client.job(id="parent")
    async def parent(io: IO) -> None:
        await child.trigger()
        await io.run_task("work", gate.passed)

    await world.start()
    run = await world.trigger(parent)
    await gate.reached()
    await run.cancel(reason="ordered twice")
    await run.cancel(reason="too late to matter")
    await world.finish(run)
    (one,) = [one async for one in world.client.runs.list(job_id="child")]

    assert (run.status, run.cancel_reason) == ("CANCELLED", "ordered twice")
    assert run.cancelled_by is not None
    assert run.cancelled_by.startswith("key_")
    assert (one.status, one.cancel_reason, one.cancelled_by) == ("CANCELLED", None, run.id)

    async def said(of: Any, kind: str) -> Any:
        return [entry["data"] for entry in await world.history(of) if entry["kind"] == kind]

    told = {"reason": "ordered twice", "by": run.cancelled_by}
    assert await said(run, "CANCEL_REQUESTED") == [told]
    assert await said(one, "JOB_CANCELLED") == [{"by": run.id}]
    with pytest.raises(BadRequest, match="reason"):
        await run.cancel(reason="x" * 1_001)


async def test_a_run_that_dies_while_it_is_asked_to_stop_leaves_nothing_running(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="grandchild")
    async def grandchild(io: IO) -> None:
        await io.run_task("work", gate.passed)

    @world.client.job(id="child")
    async def child(io: IO) -> None:
        await grandchild.batch_trigger([{}, {}])
        await io.run_task("work", gate.passed)

    @world.client.job(id="parent")
    async def parent(io: IO) -> None:
        await child.trigger()
        await io.run_task("work", gate.passed)

    await world.start()
    run = await world.trigger(parent)
    await gate.reached(4)
    await run.cancel()
    await world.crash()
    await world.still()
    await world.advance("1 minute")

    every = [one async for one in world.client.runs.list()]
    assert [one.status for one in every] == ["CANCELLED"] * 4
