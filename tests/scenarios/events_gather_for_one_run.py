"""Events gather for one run, which has the list of them in the order in which they were accepted."""

from pydantic import BaseModel

from mainspring import Batch, event_trigger
from scenarios.world import World


class Paid(BaseModel):
    shop: str
    amount: int


async def test_events_gather_for_one_run(world: World) -> None:
    @world.client.job(id="book", trigger=event_trigger("order.paid", batch=Batch(3, "5 minutes", key="shop")))
    async def book(payload: list[Paid]) -> list[int]:
        world.effects.append(f"{payload[0].shop} {[paid.amount for paid in payload]}")
        return [paid.amount for paid in payload]

    await world.start()

    async def pay(shop: str, amount: object) -> str:
        event = await world.client.send_event("order.paid", {"shop": shop, "amount": amount})
        return event.runs[0].id

    first = [await pay("a", n) for n in range(2)]
    await world.crash()
    events = [{"name": "order.paid", "payload": {"shop": shop, "amount": 2}} for shop in "ab"]
    events.insert(1, {"name": "order.paid", "payload": {"shop": "a", "amount": "much"}})
    fits, misfit, other = await world.client.send_events(events)
    await world.still()
    run = await world.client.runs.retrieve(first[0])
    assert set(first) == {run.id, fits.runs[0].id}
    assert await run.result() == [0, 1, 2]
    assert [refused.errors[0].path for refused in misfit.rejected] == ["amount"]

    gathering = await world.client.runs.retrieve(other.runs[0].id)
    assert (gathering.status, gathering.joined_events) == ("PENDING", 1)
    await world.advance("5 minutes")
    assert await gathering.result() == [2]
    assert sorted(set(world.effects)) == ["a [0, 1, 2]", "b [2]"]

    of_run = [event.event_id async for event in world.client.events.list(run_id=run.id)]
    assert len(of_run) == 3
    again = await run.replay()
    await world.still()
    assert await again.result() == [0, 1, 2]
