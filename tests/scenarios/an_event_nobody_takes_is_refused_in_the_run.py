"""`io.send_event` raises `EventRejected` when every listening job refuses; on replay too, without sending again."""

from pydantic import BaseModel

from mainspring import IO, EventRejected, event_trigger
from scenarios.world import World


class Order(BaseModel):
    amount: int


async def test_an_event_nobody_takes_is_refused_in_the_run(world: World) -> None:
    @world.client.job(id="bill", trigger=event_trigger("order.created"))
    async def bill(payload: Order) -> None:
        world.effects.append(payload.amount)

    @world.client.job(id="shop")
    async def shop(io: IO) -> list[str]:
        refused = []
        try:
            await io.send_event("order", "order.created", {"amount": "lots"})
        except EventRejected as error:
            refused = [rejection["job_id"] for rejection in error.rejections]
        await io.wait("1 hour")
        sent = await io.send_event("order", "order.created", {"amount": 7})
        return [*refused, *(run.job_id for run in sent.runs)]

    await world.start()
    run = await world.trigger(shop)
    await world.until(run, "WAITING")
    await world.crash()

    assert await world.output(run) == ["bill", "bill"]
    await world.still()
    assert set(world.effects) == {7}
    events = [event async for event in world.client.events.list(name="order.created")]
    assert len(events) == 2
