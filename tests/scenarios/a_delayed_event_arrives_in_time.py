"""A delayed event is delivered at its time, unless it is cancelled before; a delayed run starts at its time."""

from datetime import timedelta

import pytest

from mainspring import IO, Conflict, event_trigger
from mainspring.clock import HOUR, to_datetime
from scenarios.world import World


async def test_a_delayed_event_arrives_in_time(world: World) -> None:
    @world.client.job(id="remind", trigger=event_trigger("reminder"))
    async def remind(payload: str) -> str:
        world.effects.append((payload, world.clock.now()))
        return payload

    @world.client.job(id="waits")
    async def waits(io: IO) -> str:
        return str((await io.wait_for_event("reminder", name="reminder", id="c")).payload)

    await world.start()
    began = world.clock.now()
    at = to_datetime(began) + timedelta(hours=2)
    first = await world.send("reminder", "a", delay="1 hour")
    await world.send("reminder", "b", deliver_at=at, id="c")
    taken_back = await world.send("reminder", "never", delay="1 hour")
    waiting = await world.trigger(waits)
    assert first.runs == ()
    await world.client.cancel_event(taken_back.event_id)
    await world.crash()
    await world.advance("59 minutes")
    assert world.effects == []
    await world.advance("2 hours")

    assert list(dict.fromkeys(world.effects)) == [("a", began + HOUR), ("b", began + 2 * HOUR)]
    assert await world.output(waiting) == "b"
    delivered = await world.client.events.retrieve(first.event_id)
    assert len(delivered.runs) == 1
    assert delivered.delivered_at is not None
    with pytest.raises(Conflict):
        await world.client.cancel_event(first.event_id)
    assert (await world.client.events.retrieve(taken_back.event_id)).runs == ()


async def test_a_delayed_run_starts_in_time(world: World) -> None:
    @world.client.job(id="later")
    async def later() -> None:
        world.effects.append(world.clock.now())

    await world.start()
    began = world.clock.now()
    run = await world.trigger(later, delay="1h30m")
    await world.until(run, "PENDING")
    assert run.pending_reason is not None
    await world.crash()
    await world.output(run)

    assert world.effects[0] == began + HOUR * 3 // 2
