"""Workers that are killed from outside, again and again, fail no run they hold: it goes on, and finishes."""

from mainspring import IO
from scenarios.world import World


async def test_kills_from_outside_fail_nobody(world: World) -> None:
    at_work = world.gate()

    @world.client.job(id="unlucky")
    async def unlucky(payload: int, io: IO) -> int:
        await io.run_task("work", at_work.passed)
        return payload

    await world.start()
    runs = [await world.trigger(unlucky, n) for n in range(2)]
    for _ in range(6):
        await world.still()
        await world.crash_worker(restart=False)
        await world.advance("1 minute")  # suspects pause between their chances
        await world.start_worker()
    at_work.open()
    assert [await world.output(run) for run in runs] == [0, 1]
    assert (await world.kinds(runs[0])).count("WORKER_LOST") > 3
