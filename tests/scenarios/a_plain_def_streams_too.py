"""Plain `def` jobs and tasks stream with the same names, without await."""

from mainspring import SyncIO
from scenarios.world import World


async def test_a_plain_def_streams_too(world: World) -> None:
    @world.client.job(id="count")
    def count(io: SyncIO) -> int:
        io.stream.append("said", "begin")
        return io.run_task("sum", lambda: sum(io.stream("numbers", [1, 2, 3])))

    await world.start()
    run = await world.trigger(count)
    assert await world.output(run) == 6
    assert [chunk async for chunk in run.stream("numbers")] == [1, 2, 3]
    assert [chunk async for chunk in run.stream("said")] == ["begin"]
