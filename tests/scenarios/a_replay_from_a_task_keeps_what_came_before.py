"""A replay from a task: what began before it and finished is kept as it is, the task and all that came later runs."""

import asyncio
from typing import Any

import pytest

from mainspring import IO, Context, TaskFailed
from mainspring.errors import BadRequest, Conflict
from scenarios.world import World


async def test_six_tasks_are_replayed_from_the_fourth(world: World) -> None:
    async def work(n: int) -> int:
        world.effects.append(n)
        return n * 10

    @world.client.job(id="six")
    async def six(payload: int, io: IO, ctx: Context) -> list[Any]:
        outputs = [await io.run_task(f"task-{n}", work, payload + n) for n in range(1, 7)]
        return [outputs, ctx.run.replay_of]

    await world.start()
    run = await world.trigger(six, 0)
    assert await world.output(run) == [[10, 20, 30, 40, 50, 60], None]
    world.effects.clear()
    again = await run.replay(from_task="task-4")

    assert await world.output(again) == [[10, 20, 30, 40, 50, 60], run.id]
    assert world.effects == [4, 5, 6]
    assert (again.replay_of, again.replay_from) == (run.id, "task-4")
    tasks = await world.tasks(again)
    assert [task["kept_from"] for task in tasks.values()] == [run.id] * 3 + [None] * 3
    assert await world.kinds(again, "task-3") == ["TASK_KEPT"]
    assert await world.kinds(again, "task-4") == ["TASK_STARTED", "TASK_COMPLETED"]
    created = (await world.history(again))[0]
    assert created["data"] == {"replay_of": run.id, "replay_from": "task-4"}

    # With another payload: what is kept is kept as it is, whatever it was given.
    world.effects.clear()
    other = await world.client.runs.replay(again.id, "task-6", payload=100)
    assert (await world.output(other))[0] == [10, 20, 30, 40, 50, 1060]
    assert world.effects == [106]
    tasks = await world.tasks(other)
    assert [task["kept_from"] for task in tasks.values()] == [run.id] * 3 + [again.id] * 2 + [None]


async def test_a_failed_run_goes_on_where_it_failed(world: World) -> None:
    async def charge() -> str:
        world.effects.append("charge")
        return "ch_1"

    async def pack() -> str:
        world.effects.append("pack")
        if world.effects.count("pack") == 1:
            raise ValueError("no boxes")
        return "packed"

    @world.client.job(id="order", retry=0)
    async def order(io: IO) -> list[str]:
        stamp = str(io.now())
        number = str(io.uuid())
        charged = await io.run_task("charge", charge)
        await io.store.set("charged", number)
        await io.wait("1 hour")
        stored = await io.store.get("charged")
        return [stamp, number, stored, charged, await io.run_task("pack", pack, retry=0), str(io.uuid())]

    await world.start()
    run = await world.trigger(order)
    await world.failure(run)
    began = world.clock.now()
    again = await run.replay(from_task="pack")
    stamp, number, stored, charged, packed, later = await world.output(again)

    assert world.clock.now() == began  # it did not wait again
    assert world.effects == ["charge", "pack", "pack"]
    assert (stored, charged, packed) == (number, "ch_1", "packed")
    # A second one, from later on: drawn as the first ones were as long as their tasks are kept.
    third = await again.replay("pack")
    assert (await world.output(third))[:2] == [stamp, number]
    assert (await world.output(third))[5] != later


async def test_children_and_events_of_before_are_not_started_again(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        world.effects.append(f"child {payload}")
        return payload + 1

    async def last(total: int) -> int:
        world.effects.append("last")
        return total

    @world.client.job(id="parent")
    async def parent(io: IO) -> int:
        one = await child.trigger_and_wait(1)
        two, three = (result.unwrap() for result in await child.batch_trigger_and_wait([2, 3]))
        await io.send_event("tell", "told", {})
        return await io.run_task("last", last, one + two + three)

    await world.start()
    run = await world.trigger(parent)
    assert await world.output(run) == 9
    world.effects.clear()
    again = await run.replay(from_task="last")
    assert await world.output(again) == 9
    assert world.effects == ["last"]
    assert len([one async for one in world.client.runs.list(job_id="child")]) == 3
    assert len([one async for one in world.client.events.list(name="told")]) == 1

    # From the start of the batch: these start again, the single one does not.
    world.effects.clear()
    third = await run.replay(from_task="batch:child")
    assert await world.output(third) == 9
    assert sorted(world.effects) == ["child 2", "child 3", "last"]


async def test_branches_repeated_keys_and_nested_tasks(world: World) -> None:
    async def work(name: str) -> str:
        world.effects.append(name)
        return name

    async def outer(name: str, io: IO) -> list[str]:
        world.effects.append(f"outer {name}")
        return [await io.run_task("inner", work, f"{name}{n}") for n in (1, 2)]

    async def fails() -> None:
        world.effects.append("fails")
        raise ValueError("always")

    @world.client.job(id="branches")
    async def branches(io: IO) -> list[Any]:
        try:
            await io.run_task("fails", fails, retry=0)
        except TaskFailed:
            world.effects.append("caught")
        pair = await asyncio.gather(
            io.run_task("fetch", work, "a"), io.run_task("fetch", work, "b"), io.run_task("fetch", work, "c")
        )
        return [pair, await io.run_task("outer", outer, "x", io), await io.run_task("outer", outer, "y", io)]

    await world.start()
    run = await world.trigger(branches)
    expected = [["a", "b", "c"], ["x1", "x2"], ["y1", "y2"]]
    assert await world.output(run) == expected

    async def replayed(key: str) -> list[str]:
        world.effects.clear()
        again = await run.replay(from_task=key)
        assert await world.output(again) == expected
        return [effect for effect in world.effects if effect != "caught"]

    assert await replayed("fetch#2") == ["b", "c", "outer x", "x1", "x2", "outer y", "y1", "y2"]
    assert await replayed("outer/inner#2") == ["outer x", "x2", "outer y", "y1", "y2"]
    assert await replayed("outer#2") == ["outer y", "y1", "y2"]
    assert await replayed("fails") == ["fails", "a", "b", "c", "outer x", "x1", "x2", "outer y", "y1", "y2"]


async def test_what_the_code_shows_is_counted_once(world: World) -> None:
    async def work(io: IO) -> None:
        io.metadata.increment("done")

    @world.client.job(id="counts")
    async def counts(io: IO) -> Any:
        for _ in range(3):
            await io.run_task("work", work, io)
            io.metadata.increment("seen")
        await io.wait("1 hour")
        return io.metadata.get("seen")

    await world.start()
    run = await world.trigger(counts)
    assert await world.output(run) == 3
    again = await run.replay(from_task="work#3")
    await world.until(again, "WAITING")
    await world.crash()
    assert await world.output(again) == 3
    await again.refresh()
    assert again.metadata == {"seen": 3, "done": 1}


async def test_a_replay_from_a_task_that_is_not_there_is_refused(world: World) -> None:
    async def work() -> None: ...

    @world.client.job(id="two")
    async def two(io: IO) -> None:
        await io.run_task("first", work)
        await io.run_task("second", work)

    @world.client.job(id="waits")
    async def waits(io: IO) -> None:
        await io.wait("pause", "1 hour")

    await world.start()
    run = await world.trigger(two)
    await world.finish(run)
    with pytest.raises(BadRequest, match="has no task 'thrid'; it has 'first', 'second'") as refusal:
        await run.replay(from_task="thrid")
    assert refusal.value.errors[0]["path"] == "from_task"

    waiting = await world.trigger(waits)
    await world.until(waiting, "WAITING")
    with pytest.raises(Conflict, match=f"still WAITING.*mainspring runs cancel {waiting.id}"):
        await waiting.replay(from_task="pause")


async def test_a_replay_with_a_key_is_started_once(world: World) -> None:
    async def work(n: int) -> int:
        world.effects.append(n)
        return n

    @world.client.job(id="two")
    async def two(io: IO) -> list[int]:
        return [await io.run_task("work", work, n) for n in (1, 2)]

    await world.start()
    run = await world.trigger(two)
    await world.finish(run)
    first = await run.replay(from_task="work#2", idempotency_key="again")
    await world.finish(first)
    await world.crash()
    second = await run.replay(from_task="work#2", idempotency_key="again")

    assert second.id == first.id
    assert await world.output(second) == [1, 2]
    assert world.effects == [1, 2, 2]
    assert (await world.kinds(first))[:3] == ["RUN_CREATED", "TASK_KEPT", "JOB_STARTED"]
