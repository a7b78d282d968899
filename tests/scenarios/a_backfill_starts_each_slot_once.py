"""A backfill starts a run for each slot of a past range that has none, however often it is asked for."""

from mainspring import ScheduledTick, cron_trigger
from mainspring.clock import HOUR, from_datetime, to_datetime
from scenarios.world import World


async def test_a_backfill_starts_each_slot_once(world: World) -> None:
    @world.client.job(id="hourly", trigger=cron_trigger("@hourly"))
    async def hourly(payload: ScheduledTick) -> None:
        world.effects.append((from_datetime(payload.timestamp) - began) // HOUR)

    await world.start()
    began = world.clock.now()
    await world.advance("1 hour")
    await world.crash(down_for="3 hours 30 minutes")
    await world.advance("30 minutes")
    assert sorted(set(world.effects)) == [1, 5]

    since, until = to_datetime(began + HOUR), to_datetime(began + 4 * HOUR)
    first = await world.client.schedules.backfill("hourly", since, until)
    again = await world.client.schedules.backfill("hourly", since, until)
    await world.still()

    assert [one.is_new for one in first] == [False, True, True, True]
    assert [(one.run_id, one.is_new) for one in again] == [(one.run_id, False) for one in first]
    assert sorted(world.effects) == [1, 2, 3, 4, 5]
