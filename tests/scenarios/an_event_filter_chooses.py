"""Filters on triggers choose the jobs an event starts, filters on waits the event that resolves them."""

from mainspring import IO, event_trigger
from scenarios.world import World


async def test_a_trigger_filter_chooses_the_jobs(world: World) -> None:
    @world.client.job(id="big", trigger=event_trigger("order", filter={"amount": [{"$gte": 100}]}))
    async def big(payload: dict[str, int]) -> str:
        return f"big {payload['amount']}"

    @world.client.job(id="small", trigger=event_trigger("order", filter={"amount": [{"$lt": 100}]}))
    async def small(payload: dict[str, int]) -> str:
        return f"small {payload['amount']}"

    @world.client.job(id="web", trigger=event_trigger("order", source="web"))
    async def web(payload: dict[str, int]) -> str:
        return "from the web"

    await world.start()
    large = await world.run_of(await world.send("order", {"amount": 100}))
    little = await world.run_of(await world.send("order", {"amount": 99}, source="shop"))
    none = await world.send("order", {"amount": "?"})

    assert await world.output(large) == "big 100"
    assert await world.output(little) == "small 99"
    assert none.runs == ()
    both = await world.send("order", {"amount": 1}, source="web")
    assert {run.job_id for run in both.runs} == {"small", "web"}


async def test_a_wait_filter_chooses_the_event(world: World) -> None:
    @world.client.job(id="choosy")
    async def choosy(io: IO) -> dict[str, object]:
        wanted = {"amount": [{"$gte": 100}], "customer": {"country": ["fr", "be"]}}
        event = await io.wait_for_event("big-order", name="order", filter=wanted, timeout="1 hour")
        return dict(event.payload)

    await world.start()
    run = await world.trigger(choosy)
    await world.until(run, "WAITING", waiting_for="big-order")
    await world.send("order", {"amount": 99, "customer": {"country": "fr"}})
    await world.send("order", {"amount": 500, "customer": {"country": "de"}})
    await world.send("order", {"amount": 500})
    await world.until(run, "WAITING", waiting_for="big-order")
    await world.send("order", {"amount": 100, "customer": {"country": "be"}})

    assert await world.output(run) == {"amount": 100, "customer": {"country": "be"}}
