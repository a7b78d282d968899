"""A cron or interval trigger starts one run per slot, at its time, and tells it which; crashes take and double none."""

from mainspring import ScheduledTick, cron_trigger, interval_trigger
from mainspring.clock import HOUR, MINUTE, from_datetime
from scenarios.world import World


async def test_a_schedule_starts_one_run_per_slot(world: World) -> None:
    @world.client.job(id="hourly", trigger=cron_trigger("@hourly", timezone="Europe/Paris"))
    async def hourly(payload: ScheduledTick) -> None:
        slot = from_datetime(payload.timestamp)
        world.effects.append((slot, world.clock.now()))
        assert payload.schedule_id == "hourly"
        assert payload.timezone == "Europe/Paris"
        assert from_datetime(payload.upcoming[0]) == slot + HOUR

    await world.start(workers=2)
    began = world.clock.now()
    await world.advance("90 minutes")
    await world.crash()
    await world.advance("150 minutes")

    assert sorted(set(world.effects)) == [(began + n * HOUR, began + n * HOUR) for n in (1, 2, 3, 4)]
    runs = [run async for run in world.client.runs.list(job_id="hourly")]
    assert [run.status for run in runs] == ["SUCCESS"] * 4


async def test_an_interval_goes_on_across_deploys(world: World) -> None:
    @world.client.job(id="often", trigger=interval_trigger("40 minutes"))
    async def often(payload: ScheduledTick) -> None:
        world.effects.append(from_datetime(payload.timestamp))

    await world.start()
    began = world.clock.now()
    await world.advance("1 hour")
    await world.crash_worker()
    await world.advance("1 hour")

    assert sorted(set(world.effects)) == [began + n * 40 * MINUTE for n in (1, 2, 3)]
    assert len([run async for run in world.client.runs.list(job_id="often")]) == 3
