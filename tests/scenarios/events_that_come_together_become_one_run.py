"""Events that come shortly after one another become one run, with the last one of each key, or with the first."""

from typing import Any

from mainspring import Debounce, event_trigger
from scenarios.world import World


async def test_events_that_come_together_become_one_run(world: World) -> None:
    often = Debounce("5 minutes", key="page", max_delay="10 minutes")

    @world.client.job(id="index", trigger=event_trigger("page.saved", debounce=often))
    async def index(payload: dict[str, Any]) -> None:
        world.effects.append(f"index {payload['page']}{payload['n']}")

    @world.client.on("page.saved", debounce=Debounce("5 minutes", mode="leading"))
    async def greet(payload: dict[str, Any]) -> None:
        world.effects.append(f"greet {payload['page']}{payload['n']}")

    await world.start()
    sent = []
    for n in range(4):
        pages = "ab"[: 2 - n // 3]
        sent += [await world.client.send_event("page.saved", {"page": page, "n": n}) for page in pages]
        if n == 1:
            await world.crash()
        await world.advance("4 minutes")
    await world.advance("10 minutes")

    # After ten minutes the first run of a page starts with the third event; the fourth begins anew.
    assert sorted(set(world.effects)) == ["greet a0", "index a2", "index a3", "index b2"]
    runs = [run async for run in world.client.runs.list()]
    assert sorted(run.joined_events or 0 for run in runs) == [1, 3, 3, 7]
    for event in sent:
        shown = await world.client.events.retrieve(event.event_id)
        assert {run.id for run in shown.runs} == {run.id for run in event.runs}
        assert len(shown.runs) == 2
