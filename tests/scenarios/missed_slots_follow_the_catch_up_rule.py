"""Slots that come while no server is there: none of them starts a run, the last does, or all do, as `catch_up` says."""

from mainspring import ScheduledTick, cron_trigger
from mainspring.clock import HOUR, from_datetime
from scenarios.world import World


async def test_missed_slots_follow_the_catch_up_rule(world: World) -> None:
    async def note(payload: ScheduledTick) -> None:
        hour = (from_datetime(payload.timestamp) - began) // HOUR
        world.effects.append((payload.schedule_id, hour))

    for catch_up in ("none", "last", "all"):
        trigger = cron_trigger("@hourly", catch_up=catch_up)  # type: ignore[arg-type]  # one of the literals
        world.client.define_job(id=catch_up, trigger=trigger, run=note)

    began = world.clock.now()
    await world.start()
    await world.advance("1 hour")
    await world.crash(down_for="3 hours 30 minutes")
    await world.advance("30 minutes")

    found: dict[str, list[int]] = {}
    for name, hour in sorted(set(world.effects)):
        found.setdefault(name, []).append(hour)
    assert found == {"none": [1, 5], "last": [1, 4, 5], "all": [1, 2, 3, 4, 5]}
