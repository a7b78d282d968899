"""A job starts for each of its triggers' events, once for each event, however many of its triggers fit."""

from mainspring import Context, event_trigger
from scenarios.world import World


async def test_a_job_may_listen_to_several_events(world: World) -> None:
    big = event_trigger("order.paid", filter={"amount": [{"$gt": 10}]})

    @world.client.job(id="several", trigger=[event_trigger(["order.created", "order.paid"]), big])
    async def several(payload: dict[str, int], ctx: Context) -> list[object]:
        assert ctx.event is not None
        return [ctx.event.name, payload["amount"]]

    async def closed(payload: dict[str, int]) -> int:
        return payload["amount"]

    world.client.define_job(id="closes", trigger=event_trigger("order.closed"), run=closed)

    @world.client.on("order.closed")
    async def on_closed(payload: dict[str, int]) -> str:
        return "heard"

    await world.start()
    created = await world.run_of(await world.send("order.created", {"amount": 1}))
    paid = await world.run_of(await world.send("order.paid", {"amount": 11}))
    assert await world.output(created) == ["order.created", 1]
    assert await world.output(paid) == ["order.paid", 11]

    event = await world.send("order.closed", {"amount": 3})
    runs = [await world.client.runs.retrieve(one.id) for one in event.runs]
    assert sorted([str(await world.output(run)) for run in runs]) == ["3", "heard"]
    assert (await world.send("order.lost", {"amount": 3})).runs == ()
