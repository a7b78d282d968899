"""A rate limit refuses what is too many: a call is told when to come again, an event is kept and tells why."""

import pytest

from mainspring import RateLimit, RateLimited, event_trigger
from scenarios.world import World


async def test_a_rate_limit_refuses_what_is_too_many(world: World) -> None:
    @world.client.job(
        id="remind", trigger=event_trigger("cart.left"), rate_limit=RateLimit("2/hour", key="who")
    )
    async def remind(payload: dict[str, str]) -> None:
        world.effects.append(payload["who"])

    await world.start()
    await remind.trigger({"who": "ada"})
    await world.crash()
    await world.client.send_event("cart.left", {"who": "ada"})
    with pytest.raises(RateLimited) as refused:
        await remind.trigger({"who": "ada"})
    assert refused.value.code == "too_many_starts"
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 1800

    event = await world.client.send_event("cart.left", {"who": "ada"})
    assert (event.runs, [skip.reason for skip in event.skipped]) == ((), ["rate"])
    shown = await world.client.events.retrieve(event.event_id)
    assert shown.skipped == event.skipped

    await remind.trigger({"who": "bob"})
    await world.advance("30 minutes")
    await remind.trigger({"who": "ada"})
    await world.still()
    runs = [run async for run in world.client.runs.list()]
    assert sorted(run.payload["who"] for run in runs) == ["ada", "ada", "ada", "bob"]
    assert set(world.effects) == {"ada", "bob"}
