"""A payload over the limit is refused where it is sent, with its size and the setting; nothing of it is kept."""

from collections.abc import Awaitable
from dataclasses import replace

import pytest

from mainspring import IO, TooLarge, event_trigger
from mainspring.model.limits import Limits
from scenarios.world import World

SMALL = replace(Limits(), max_payload_bytes=2_000)


async def test_what_is_too_large_is_refused_with_its_limit(world: World) -> None:
    @world.client.job(id="takes", trigger=event_trigger("thing"))
    async def takes(payload: str) -> int:
        return len(payload)

    async def caught(awaitable: Awaitable[object]) -> str:
        try:
            await awaitable
        except TooLarge as error:
            return str(error)
        return "?"

    @world.client.job(id="sends")
    async def sends(io: IO) -> list[str]:
        return [
            await caught(io.send_event("send", "thing", "x" * 3_000)),
            await caught(takes.trigger("x" * 3_000)),
            await caught(takes.batch_trigger(["x", "x" * 3_000])),
            await caught(io.store.set("thing", "x" * 3_000)),
        ]

    await world.start(limits=SMALL)
    for attempt in (world.send("thing", "x" * 3_000), world.trigger(takes, "x" * 3_000)):
        with pytest.raises(TooLarge, match="max_payload_bytes"):
            await attempt
    messages = await world.output(await world.trigger(sends))
    assert ["3,002" in message and "max_payload_bytes" in message for message in messages] == [True] * 4
    assert [one async for one in world.client.runs.list(job_id="takes")] == []
    assert await world.output(await world.run_of(await world.send("thing", "x" * 1_900))) == 1_900
