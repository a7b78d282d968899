"""An event says of every job that listens for its name why it started no run of it, and what to mend."""

from mainspring import event_trigger
from scenarios.world import World


async def test_an_event_says_why_a_job_did_not_start(world: World) -> None:
    client = world.client

    @client.job(id="big", trigger=event_trigger("order.created", filter={"amount": [{"$gte": 100}]}))
    async def big() -> None: ...

    @client.job(id="web", trigger=event_trigger("order.created", source="web"))
    async def web() -> None: ...

    @client.on("order.created")
    async def bill() -> None: ...

    await world.start()
    environment_id = world.server.environment_id
    await world.server.engine.enable_job(environment_id, "bill", False)
    sent = await client.send_event("order.created", {"amount": 5})
    assert sent.runs == ()
    assert [(skip.job_id, skip.reason) for skip in sent.skipped] == [("bill", "disabled")]

    await world.crash()
    shown = await client.events.retrieve(sent.event_id)
    assert {skip.job_id: skip.reason for skip in shown.skipped} == {
        "bill": "disabled",
        "big": "filter",
        "web": "source",
    }
    slip = await client.send_event("order.craeted", {})
    assert "did you mean 'order.created'?" in str((await client.events.retrieve(slip.event_id)).hint)
