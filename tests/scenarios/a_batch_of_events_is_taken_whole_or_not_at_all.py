"""`client.send_events` is one request: every event of it is there with its runs, in order, or none is."""

from dataclasses import replace

import pytest

from mainspring import TooLarge, event_trigger
from mainspring.model.limits import Limits
from scenarios.world import World


async def test_a_batch_of_events_is_taken_whole(world: World) -> None:
    @world.client.job(id="takes", trigger=event_trigger("thing"))
    async def takes(payload: int) -> int:
        return payload * 10

    await world.start()
    events = await world.client.send_events(
        [{"name": "thing", "payload": n, "id": "same", "idempotency_key": f"k-{n}"} for n in range(20)]
    )
    await world.crash()
    again = await world.client.send_events([{"name": "thing", "payload": 99, "idempotency_key": "k-3"}])

    runs = [await world.run_of(event) for event in events]
    assert [await world.output(run) for run in runs] == [n * 10 for n in range(20)]
    assert len({event.event_id for event in events}) == 20  # an id may repeat: it correlates
    assert {event.id for event in events} == {"same"}
    assert again[0].event_id == events[3].event_id
    assert len([one async for one in world.client.runs.list(job_id="takes")]) == 20


async def test_or_not_at_all(world: World) -> None:
    @world.client.job(id="takes", trigger=event_trigger("thing"))
    async def takes(payload: int) -> int:
        return payload

    await world.start(limits=replace(Limits(), max_payload_bytes=2_000))
    with pytest.raises(TooLarge, match="max_payload_bytes"):
        await world.client.send_events(
            [{"name": "thing", "payload": 1}, {"name": "thing", "payload": "x" * 3_000}]
        )
    await world.crash()
    assert [one async for one in world.client.events.list(name="thing")] == []
    assert [one async for one in world.client.runs.list(job_id="takes")] == []


async def test_what_a_schema_refuses_is_told_of_that_event(world: World) -> None:
    @world.client.job(id="takes", trigger=event_trigger("thing"))
    async def takes(payload: int) -> int:
        return payload

    await world.start()
    good, bad = await world.client.send_events(
        [{"name": "thing", "payload": 1}, {"name": "thing", "payload": "no number"}]
    )
    assert await world.output(await world.run_of(good)) == 1
    assert bad.runs == ()
    assert [rejection.job_id for rejection in bad.rejected] == ["takes"]
