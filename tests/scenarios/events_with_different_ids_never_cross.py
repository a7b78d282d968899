"""Runs that wait for the same event name under different ids each get their own."""

import asyncio

from pydantic import BaseModel

from mainspring import IO, Event
from scenarios.world import World


class Paid(BaseModel):
    order: str


async def test_events_with_different_ids_never_cross(world: World) -> None:
    @world.client.job(id="awaits-payment")
    async def awaits_payment(payload: str, io: IO) -> str:
        event: Event[Paid] = await io.wait_for_event("paid", name="paid", id=payload, schema=Paid)
        return event.payload.order

    await world.start(slots=3)
    orders = [f"o-{n}" for n in range(8)]
    runs = [await world.trigger(awaits_payment, order) for order in orders]
    await asyncio.gather(*(world.send("paid", {"order": order}, id=order) for order in reversed(orders[1:])))

    assert [await world.output(run) for run in runs[1:]] == orders[1:]
    await world.until(runs[0], "WAITING", waiting_for="paid")
    (wait,) = runs[0].waiting_for
    assert (wait["event_name"], wait["id"]) == ("paid", "o-0")
    await world.send("paid", {"order": "o-0"}, id="o-0")
    assert await world.output(runs[0]) == "o-0"


async def test_one_event_serves_every_run_that_waits_for_it_but_one_wait_of_each(world: World) -> None:
    @world.client.job(id="two-waits")
    async def two_waits(io: IO) -> list[int]:
        async def one(key: str) -> int:
            return int((await io.wait_for_event(key, name="tick")).payload["n"])

        return list(await asyncio.gather(one("a"), one("b")))

    await world.start()
    runs = [await world.trigger(two_waits) for _ in range(2)]
    for run in runs:
        await world.until(run, "WAITING", waiting_for="b")
    await world.send("tick", {"n": 1})
    for run in runs:
        await world.until(run, "WAITING", waiting_for="b")
        assert len(run.waiting_for) == 1
    await world.send("tick", {"n": 2})

    assert [await world.output(run) for run in runs] == [[1, 2], [1, 2]]
