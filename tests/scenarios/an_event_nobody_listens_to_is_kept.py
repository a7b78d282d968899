"""An event without a listener is no error: it is kept, starts nothing, and is no one's later."""

from mainspring import event_trigger
from scenarios.world import World


async def test_an_event_nobody_listens_to_is_kept(world: World) -> None:
    await world.start(workers=0)
    event = await world.send("nobody.knows", {"n": 1}, id="n-1")
    await world.crash()

    @world.client.job(id="late", trigger=event_trigger("nobody.knows"))
    async def late(payload: dict[str, int]) -> int:
        return payload["n"]

    await world.start_worker()
    await world.still()
    kept = await world.client.events.retrieve(event.event_id)
    assert (kept.name, kept.payload, kept.runs) == ("nobody.knows", {"n": 1}, ())

    run = await world.run_of(await world.send("nobody.knows", {"n": 2}))
    assert await world.output(run) == 2
    assert len([one async for one in world.client.runs.list(job_id="late")]) == 1
