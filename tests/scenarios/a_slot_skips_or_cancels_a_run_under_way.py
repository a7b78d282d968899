"""A slot that comes while a run of its schedule is under way is skipped, ends it, or waits for it: `overlap` says."""

from mainspring import IO, ScheduledTick, cron_trigger
from scenarios.world import World


async def test_a_slot_skips_or_cancels_a_run_under_way(world: World) -> None:
    async def slow(payload: ScheduledTick, io: IO) -> None:
        await io.wait("90 minutes")

    for overlap in ("allow", "skip", "cancel", "queue"):
        trigger = cron_trigger("@hourly", overlap=overlap)  # type: ignore[arg-type]  # one of the literals
        world.client.define_job(id=overlap, trigger=trigger, run=slow)
    await world.start()
    await world.advance("2 hours")
    await world.crash()
    await world.advance("70 minutes")

    found = {}
    for overlap in ("allow", "skip", "cancel", "queue"):
        runs = [run async for run in world.client.schedules.runs(overlap)]
        found[overlap] = [run.status for run in sorted(runs, key=lambda run: str(run.payload["timestamp"]))]
    assert found == {
        "allow": ["SUCCESS", "WAITING", "WAITING"],
        "skip": ["SUCCESS", "WAITING"],
        "cancel": ["CANCELLED", "CANCELLED", "WAITING"],
        "queue": ["SUCCESS", "WAITING", "PENDING"],
    }
