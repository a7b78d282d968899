"""An event that a job's schema refuses is kept with job, path and reason; jobs that take it still run."""

import pytest
from pydantic import BaseModel

from mainspring import EventRejected, event_trigger
from scenarios.world import World


class Order(BaseModel):
    id: str
    amount: int


class Greeting(BaseModel):
    who: str = "world"


async def test_a_refused_event_is_kept_with_its_reasons(world: World) -> None:
    @world.client.job(id="bill", trigger=event_trigger("order.created"))
    async def bill(payload: Order) -> int:
        return payload.amount

    await world.start()
    with pytest.raises(EventRejected) as refused:
        await world.send("order.created", {"id": "o-1", "amount": "lots"}, id="o-1")
    assert "bill" in str(refused.value)
    assert "amount" in str(refused.value)
    (rejection,) = refused.value.rejections
    assert rejection["job_id"] == "bill"
    assert rejection["errors"][0]["path"] == "amount"

    kept = await world.client.events.retrieve("o-1")
    assert kept.runs == ()
    assert (kept.rejected[0].job_id, kept.rejected[0].errors[0].path) == ("bill", "amount")
    assert [event.id async for event in world.client.events.list()] == ["o-1"]


async def test_jobs_that_take_it_still_run(world: World) -> None:
    @world.client.job(id="bill", trigger=event_trigger("order.created"))
    async def bill(payload: Order) -> int:
        return payload.amount

    @world.client.job(id="note", trigger=event_trigger("order.created"))
    async def note(payload: dict[str, object]) -> str:
        return "noted"

    await world.start()
    event = await world.send("order.created", {"id": "o-1"})

    assert [one.job_id for one in event.rejected] == ["bill"]
    assert await world.output(await world.run_of(event)) == "noted"


async def test_an_empty_payload_works_where_the_schema_has_defaults(world: World) -> None:
    @world.client.on("hello.world")
    async def greet(payload: Greeting) -> str:
        return f"Hello, {payload.who}!"

    await world.start()

    assert await world.output(await world.run_of(await world.send("hello.world", {}))) == "Hello, world!"
    assert (
        await world.output(await world.run_of(await world.send("hello.world", {"who": "Ada"})))
        == "Hello, Ada!"
    )
