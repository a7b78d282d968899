"""Progress, metadata and tags are shown while the run goes on, and replays do not count twice."""

from mainspring import IO
from scenarios.world import World


async def test_a_run_shows_progress_metadata_and_tags(world: World) -> None:
    async def work() -> None:
        world.effects.append("work")

    @world.client.job(id="shown", tags=["batch"])
    async def shown(io: IO) -> dict[str, object]:
        await io.progress(1, 3, "first")
        io.tags.add("eu", "vip")
        io.metadata.set("customer", {"id": 7})
        for _ in range(3):
            io.metadata.increment("orders")
            io.metadata.append("sizes", 2)
            await io.run_task("work", work)
        await io.wait("1 hour")
        io.metadata.increment("orders", 10)
        io.tags.add("vip", "late")
        await io.progress(3, 3)
        return {"orders": io.metadata.get("orders"), "tags": io.tags.get()}

    await world.start()
    run = await world.trigger(shown, tags=["given"], metadata={"by": "Ada"})
    await world.until(run, "WAITING")
    assert run.progress == {"current": 1, "total": 3, "message": "first"}
    assert run.tags == ["batch", "given", "eu", "vip"]
    assert run.metadata == {"by": "Ada", "customer": {"id": 7}, "orders": 3, "sizes": [2, 2, 2]}
    await world.crash()

    assert await world.output(run) == {"orders": 13, "tags": ["batch", "given", "eu", "vip", "late"]}
    assert run.progress == {"current": 3, "total": 3, "message": None}
    assert run.metadata["orders"] == 13
    assert run.tags == ["batch", "given", "eu", "vip", "late"]
    tagged = [one.id async for one in world.client.runs.list(tag="late")]
    assert tagged == [run.id]
