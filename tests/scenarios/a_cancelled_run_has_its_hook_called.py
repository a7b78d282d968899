"""`on_cancel`: a run that had begun cleans up durably when it is cancelled, at work or parked, within its time."""

from typing import Any

import pytest

from mainspring import IO, RunCancelled, ctx
from scenarios.world import World


async def undone(world: World, what: str) -> str:
    world.effects.append(what)
    return what


def booking(world: World, gate: Any = None) -> Any:
    """A job that books, waits for ever (in a task if there is a gate), and undoes what it booked when cancelled."""

    @world.client.job(id="book")
    async def book(payload: str, io: IO) -> None:
        await io.run_task("book", undone, world, f"booked {payload}")
        try:
            await (io.run_task("work", gate.passed) if gate else io.wait_for_event("never", name="never"))
        except RunCancelled:
            world.effects.append("stopped")
            raise

    return book


async def test_a_parked_run_is_claimed_once_more_for_its_hook(world: World) -> None:
    book = booking(world)

    @book.on_cancel
    async def undo(payload: str, io: IO) -> None:
        await io.run_task("undo", undone, world, f"undone {payload}")
        await io.wait("1 second")
        await io.run_task("undo", undone, world, "and told")

    await world.start()
    run = await world.trigger(book, "a")
    await world.until(run, "WAITING")
    await run.cancel()
    assert run.status in ("PENDING", "RUNNING")
    await run.cancel()  # again
    await world.finish(run)
    assert run.status == "CANCELLED"
    assert [one for one in world.effects if one != "stopped"] == ["booked a", "undone a", "and told"]
    tasks = await world.tasks(run)
    assert tasks["never"]["status"] == "CANCELLED"
    assert tasks["#on_cancel"]["status"] == tasks["#on_cancel/undo#2"]["status"] == "SUCCESS"
    assert (await world.kinds(run))[-1] == "JOB_CANCELLED"


async def test_a_run_at_work_is_stopped_first(world: World) -> None:
    gate = world.gate()
    book = booking(world, gate)

    @book.on_cancel
    def undo() -> None:
        world.effects.append("undone")

    await world.start()
    run = await world.trigger(book, "a")
    await gate.reached()
    await run.cancel()
    await world.until(run, "CANCELLED")
    assert world.effects == ["booked a", "stopped", "undone"]


@pytest.mark.parametrize("at_work", [False, True])
async def test_a_hook_whose_worker_dies_goes_on_elsewhere(world: World, at_work: bool) -> None:
    work, gate = world.gate(), world.gate()
    book = booking(world, work if at_work else None)

    @book.on_cancel
    async def undo(io: IO) -> None:
        await io.run_task("undo", undone, world, "undone")
        await gate.passed()
        await io.run_task("tell", undone, world, "told")

    await world.start()
    run = await world.trigger(book, "a")
    await (work.reached() if at_work else world.until(run, "WAITING"))
    await run.cancel()
    await gate.reached()
    await world.crash()
    gate.open()
    await world.finish(run)
    assert run.status == "CANCELLED"
    assert [one for one in world.effects if one != "stopped"] == ["booked a", "undone", "told"]


async def test_its_time_is_limited(world: World) -> None:
    gate = world.gate()
    book = booking(world)

    @book.on_cancel
    async def undo() -> None:
        await gate.passed()

    await world.start()
    run = await world.trigger(book, "a")
    await world.until(run, "WAITING")
    await run.cancel()
    await gate.reached()
    await world.until(run, "RUNNING")
    await world.advance("2 minutes")
    await world.until(run, "CANCELLED")


async def test_without_a_worker_it_ends_in_time(world: World) -> None:
    book = booking(world)
    book.on_cancel(lambda: world.effects.append("undone"))
    await world.start()
    run = await world.trigger(book, "a")
    await world.until(run, "WAITING")
    await world.crash_worker(restart=False)
    await run.cancel()
    await run.refresh()
    assert run.status == "PENDING"
    assert "on_cancel" in (run.pending_reason or "")
    await world.advance("2 minutes")
    await world.until(run, "CANCELLED")
    assert "undone" not in world.effects


async def test_a_hook_that_fails_changes_nothing_and_one_that_never_began_has_none(world: World) -> None:
    book = booking(world)

    @book.on_cancel
    def undo() -> None:
        world.effects.append(ctx.run.id)
        raise OSError("no")

    await world.start()
    run, later = await world.trigger(book, "a"), await world.trigger(book, "b", delay="1 hour")
    await world.until(run, "WAITING")
    for one in (run, later):
        await one.cancel()
        await world.until(one, "CANCELLED")
    assert world.effects.count(run.id) == 1
    assert later.id not in world.effects
    assert (await world.tasks(run))["#on_cancel"]["status"] == "FAILED"


async def test_a_cancelled_childs_hook_is_called(world: World) -> None:
    book = booking(world)

    @book.on_cancel
    def undo() -> None:
        world.effects.append("undone")

    @world.client.job(id="parent")
    async def parent() -> None:
        await book.trigger_and_wait("child")

    await world.start()
    run = await world.trigger(parent)
    await world.until(run, "WAITING")
    await run.cancel()
    await world.until(run, "CANCELLED")
    (child,) = [one async for one in world.client.runs.list(job_id="book")]
    await world.finish(child)
    assert child.status == "CANCELLED"
    assert world.effects[-1] == "undone"
