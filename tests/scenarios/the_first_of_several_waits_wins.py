"""`io.wait_for_any`: the first wait to come through wins, and wins again on replay; the losers are cleaned up."""

import pytest

from mainspring import IO, DefinitionError, Event, First, WaitTimeout
from scenarios.world import World


async def test_the_first_of_several_waits_wins(world: World) -> None:
    @world.client.job(id="raced")
    async def raced(io: IO) -> list[object]:
        first: First[Event[object] | None] = await io.wait_for_any(
            paid=io.wait_for_event("paid", name="paid", id="o-1"),
            refused=io.wait_for_event("refused", name="refused", id="o-1"),
            late=io.wait("late", "3 days"),
        )
        await io.wait("after", "1 hour")
        second = await io.wait_for_any(
            paid=io.wait_for_event("paid", name="paid"), late=io.wait("late", "2 hours")
        )
        await io.wait("end", "1 hour")
        return [first.key, first.payload, second.key, second.value]

    await world.start()
    run = await world.trigger(raced)
    await world.until(run, "WAITING", waiting_for="late")
    assert {wait["task"] for wait in run.waiting_for} == {"paid", "refused", "late"}
    await world.send("refused", {"why": "no funds"}, id="o-1")
    await world.until(run, "WAITING", waiting_for="after")
    assert [wait["task"] for wait in run.waiting_for] == ["after"]
    await world.crash()

    assert await world.output(run) == ["refused", {"why": "no funds"}, "late", None]
    tasks = await world.tasks(run)
    assert {key: task["status"] for key, task in tasks.items()} == {
        "paid": "CANCELLED",
        "refused": "SUCCESS",
        "late": "CANCELLED",
        "after": "SUCCESS",
        "paid#2": "CANCELLED",
        "late#2": "SUCCESS",
        "end": "SUCCESS",
    }


async def test_a_child_may_lose_and_goes_on(world: World) -> None:
    @world.client.job(id="child")
    async def child(io: IO) -> str:
        await io.wait("2 hours")
        return "made"

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        hasty = await io.wait_for_any(made=child.trigger_and_wait(), late=io.wait("late", "1 hour"))
        patient = await io.wait_for_any(made=child.trigger_and_wait(), late=io.wait("late", "1 day"))
        return [hasty.key, patient.key, patient.value]

    await world.start()

    assert await world.output(await world.trigger(parent)) == ["late", "made", "made"]
    assert {one.status async for one in world.client.runs.list(job_id="child")} == {"SUCCESS"}


async def test_an_error_of_the_first_is_raised(world: World) -> None:
    @world.client.job(id="raced")
    async def raced(io: IO) -> str:
        with pytest.raises(WaitTimeout, match="paid"):
            await io.wait_for_any(
                paid=io.wait_for_event("paid", name="paid", timeout="1 minute"), late=io.wait("1 hour")
            )
        with pytest.raises(DefinitionError, match="wait_for_any"):
            await io.wait_for_any()
        with pytest.raises(DefinitionError, match="cannot be awaited"):
            await io.wait_for_any(late=io.wait("1 hour"), wrong="order.paid")  # type: ignore[arg-type]
        return "told"

    await world.start()
    run = await world.trigger(raced)

    assert await world.output(run) == "told"
    assert set(await world.tasks(run)) == {"paid", "wait"}
