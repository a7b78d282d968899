"""A delayed run starts at the time it was moved to, put off or brought forward; once it may start it stays."""

import pytest

from mainspring import Conflict
from scenarios.world import World


async def test_a_delayed_run_is_put_off_and_brought_forward(world: World) -> None:
    @world.client.job(id="remind")
    async def remind(payload: str) -> None:
        world.effects.append((payload, world.clock.now() - began))

    began = world.clock.now()
    await world.start()
    later = await remind.trigger("later", delay="1 hour")
    sooner = await remind.trigger("sooner", delay="1 hour")
    await later.reschedule(delay="3 hours")
    await world.crash()
    await world.client.runs.reschedule(sooner.id, delay="30 minutes")
    await world.advance("4 hours")

    assert sorted(set(world.effects)) == [("later", 3 * 3_600_000_000), ("sooner", 1_800_000_000)]
    await later.refresh()
    with pytest.raises(Conflict):
        await later.reschedule(delay="1 hour")
