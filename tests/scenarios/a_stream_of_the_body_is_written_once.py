"""What the body of a run streams is kept once, whatever crashes and however often the body is led again."""

from mainspring import IO
from scenarios.world import World


async def test_a_stream_of_the_body_is_written_once(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="report")
    async def report(io: IO) -> None:
        await io.stream.append("lines", "first")
        await io.run_task("one", lambda: 1)
        await io.stream.append("lines", "second")
        await io.wait("pause", "1 hour")
        await io.stream.append("lines", "third")
        await io.stream.append("other", 1)
        await io.wait("nap", "1 second")
        await gate.passed()
        await io.stream.append("lines", "last")

    await world.start()
    run = await world.trigger(report)
    await world.until(run, "WAITING", waiting_for="pause")
    await world.crash()
    await world.advance("1h1s")
    await gate.reached()
    await world.crash_worker()
    gate.open()
    await world.output(run)
    chunks = await world.door.call("GET", f"/api/v1/runs/{run.id}/chunks")
    said = [(one["stream"], one["chunk"], one["task"]) for one in chunks["data"]]
    assert said == [
        ("lines", "first", None),
        ("lines", "second", None),
        ("lines", "third", None),
        ("other", 1, None),
        ("lines", "last", None),
    ]
