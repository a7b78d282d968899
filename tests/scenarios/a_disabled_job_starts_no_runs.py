"""A job that a person switched off starts no runs, neither for events nor for calls; those under way go on."""

import pytest

from mainspring import IO, Conflict, event_trigger
from scenarios.world import World


async def test_a_disabled_job_starts_no_runs(world: World) -> None:
    @world.client.job(id="noisy", trigger=event_trigger("noise"))
    async def noisy(io: IO) -> str:
        await io.wait("1 hour")
        return "done"

    @world.client.job(id="other", trigger=event_trigger("noise"))
    async def other() -> None: ...

    await world.start()
    under_way = await world.trigger(noisy)
    await world.until(under_way, "WAITING")
    await world.client.jobs.disable("noisy")

    assert [run.job_id for run in (await world.send("noise")).runs] == ["other"]
    with pytest.raises(Conflict, match="disabled"):
        await world.trigger(noisy)
    await world.crash()  # registering again does not switch it on
    assert [run.job_id for run in (await world.send("noise")).runs] == ["other"]
    assert await world.output(under_way) == "done"

    await world.client.jobs.enable("noisy")
    assert {run.job_id for run in (await world.send("noise")).runs} == {"noisy", "other"}
