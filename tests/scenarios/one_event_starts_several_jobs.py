"""An event starts one run of every enabled job that listens, and only those."""

from mainspring import Context, Event, event_trigger
from scenarios.world import World


async def test_one_event_starts_several_jobs(world: World) -> None:
    @world.client.job(id="bill", trigger=event_trigger("order.created"))
    async def bill(payload: dict[str, int], ctx: Context) -> list[object]:
        event = ctx.event
        assert isinstance(event, Event)
        return [payload["n"], event.name, event.id, event.source, event.context]

    @world.client.on(["order.created", "order.changed"], id="ship")
    async def ship(payload: dict[str, int]) -> int:
        return payload["n"]

    @world.client.job(id="off", trigger=event_trigger("order.created"), enabled=False)
    async def off() -> None:
        world.effects.append("off")

    @world.client.job(id="other", trigger=[event_trigger("order.deleted"), event_trigger("order.changed")])
    async def other() -> None:
        world.effects.append("other")

    await world.start()
    event = await world.send("order.created", {"n": 1}, id="o-1", source="web", context={"who": "Ada"})

    assert sorted(run.job_id for run in event.runs) == ["bill", "ship"]
    by_job = {run.job_id: await world.client.runs.retrieve(run.id) for run in event.runs}
    assert await world.output(by_job["bill"]) == [1, "order.created", "o-1", "web", {"who": "Ada"}]
    assert await world.output(by_job["ship"]) == 1
    assert by_job["ship"].event_id == event.event_id
    shown = await world.client.events.retrieve("o-1")
    assert sorted(run.id for run in shown.runs) == sorted(run.id for run in event.runs)

    changed = await world.send("order.changed", {"n": 2})
    assert sorted(run.job_id for run in changed.runs) == ["other", "ship"]
    assert (await world.send("order.unknown")).runs == ()
