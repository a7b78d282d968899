"""`name`, `icon`, `properties` and `params` of a task are shown beside it: at work, done, and after a crash."""

from mainspring import IO, task
from scenarios.world import World


async def test_what_a_task_is_called_is_shown(world: World) -> None:
    gate = world.gate()

    @task(name="Render the cover", icon="image")
    async def render(what: str) -> str:
        await gate.passed()
        return what

    @world.client.job(id="shows")
    async def shows(io: IO) -> str:
        await render.options(key="cover", properties={"Pages": "12"})("cover")
        return await io.run_task("plain", lambda: "x", name="A plain one", params={"n": 1})

    await world.start()
    run = await world.trigger(shows)
    await gate.reached()
    await world.until(run, "RUNNING")
    at_work = (await world.tasks(run))["cover"]
    await world.crash()
    gate.open()
    await world.output(run)
    done = await world.tasks(run)

    for shown in (at_work, done["cover"]):
        assert (shown["name"], shown["icon"]) == ("Render the cover", "image")
        assert "12" in str(shown["properties"])
    assert (at_work["status"], done["cover"]["status"]) == ("RUNNING", "SUCCESS")
    assert (done["plain"]["name"], done["plain"]["params"]) == ("A plain one", {"n": 1})
