"""A worker that an operator drains is given nothing more, ends what it holds, and leaves."""

import pytest

from mainspring import IO
from mainspring.errors import Conflict, NotFound
from scenarios.world import World


async def test_an_operator_drains_a_worker(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="long")
    async def long(io: IO) -> list[str]:
        await io.run_task("first", gate.passed)
        return [await io.run_task("second", lambda: "second")]

    await world.start()
    run = await world.trigger(long)
    await gate.reached()
    (old,) = world.crews
    told = await world.client.workers.drain(old.worker.worker_id, by="ann")
    assert (told.status, told.shown["drain"]["by"], told.shown["drain"]["is_heard"]) == (
        "DRAINING",
        "ann",
        False,
    )
    late = await world.trigger(long)
    await world.until(late, "PENDING")
    assert "no live worker" in str(late.pending_reason)
    await world.beat()
    await world.beat()
    heard = await world.client.workers.retrieve(old.worker.worker_id)
    assert heard.shown["drain"]["is_heard"]
    assert heard.message == "takes nothing more, and leaves after 1 run"
    assert not old.working.done()
    gate.open()
    await old.working
    world.crews.remove(old)
    assert await world.output(run) == ["second"]
    gone = await world.client.workers.retrieve(old.worker.worker_id)
    assert (gone.status, gone.shown["ended_reason"], gone.message) == ("GONE", "left", "it left")
    await world.until(late, "PENDING")

    await world.start_worker()
    assert await world.output(late) == ["second"]


async def test_a_run_that_waits_goes_on_elsewhere(world: World) -> None:
    @world.client.job(id="patient")
    async def patient(io: IO) -> str:
        await io.wait_for_event("go", name="go")
        return "went"

    await world.start()
    run = await world.trigger(patient)
    await world.until(run, "WAITING")
    (old,) = world.crews
    await world.client.workers.drain(old.worker.worker_id)
    await world.beat()
    await old.working
    world.crews.remove(old)
    await world.start_worker()
    await world.send("go", {})
    assert await world.output(run) == "went"


async def test_who_has_gone_cannot_be_drained(world: World) -> None:
    @world.client.job(id="none")
    async def none() -> None: ...

    await world.start()
    (old,) = world.crews
    await world.drain(old)
    with pytest.raises(Conflict, match="has gone"):
        await world.client.workers.drain(old.worker.worker_id)
    with pytest.raises(NotFound, match="no worker"):
        await world.client.workers.drain("wrk_none")
