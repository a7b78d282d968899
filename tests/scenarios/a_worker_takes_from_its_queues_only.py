"""Workers for some queues: a run goes to one that takes from its queue, and says so while there is none."""

from scenarios.world import World


async def test_a_worker_takes_from_its_queues_only(world: World) -> None:
    @world.client.job(id="render", queue="gpu")
    async def render() -> str:
        return "rendered"

    @world.client.job(id="bill")
    async def bill() -> str:
        return "billed"

    await world.start(workers=0)
    await world.start_worker(queues=("bill",))
    picture, paper = await world.trigger(render), await world.trigger(bill)
    assert await world.output(paper) == "billed"
    await world.until(picture, "PENDING")
    assert "takes from its queue 'gpu'" in str(picture.pending_reason)
    why = await world.door.call("GET", f"/api/v1/runs/{picture.id}/why")
    assert why["reason"]["code"] == "no_worker_for_queue"
    await world.start_worker(queues=("gpu",))
    assert await world.output(picture) == "rendered"
