"""A second event or run with the same idempotency key is not made: the first comes back, unchanged."""

import asyncio

from mainspring import IO, event_trigger
from scenarios.world import World


async def test_an_idempotency_key_answers_with_the_first_event(world: World) -> None:
    async def count(n: int) -> int:
        world.effects.append(n)
        return n

    @world.client.job(id="counted", trigger=event_trigger("paid"))
    async def counted(payload: int, io: IO) -> int:
        return await io.run_task("count", count, payload)

    await world.start()
    first = await world.send("paid", 1, idempotency_key="o-1")
    await world.finish(await world.run_of(first))
    await world.crash()
    second = await world.send("paid", 2, idempotency_key="o-1")
    other = await world.send("paid", 3, idempotency_key="o-2")
    await world.finish(await world.run_of(other))

    assert second.event_id == first.event_id
    assert second.payload == 1
    assert [run.id for run in second.runs] == [run.id for run in first.runs]
    assert world.effects == [1, 3]


async def test_many_senders_at_once_make_one(world: World) -> None:
    @world.client.job(id="once", trigger=event_trigger("paid"))
    async def once() -> None: ...

    await world.start()
    events = await asyncio.gather(*(world.send("paid", n, idempotency_key="same") for n in range(10)))
    runs = await asyncio.gather(*(world.trigger(once, n, idempotency_key="same") for n in range(10)))

    assert len({event.event_id for event in events}) == 1
    assert len({run.id for event in events for run in event.runs}) == 1
    assert len({run.id for run in runs}) == 1
    assert len([one async for one in world.client.runs.list(job_id="once")]) == 2
