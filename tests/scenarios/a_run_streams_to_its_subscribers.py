"""What a task streams reaches whoever subscribed, in order and once, and is kept for those who come later."""

from collections.abc import AsyncIterator
from typing import Any

from mainspring import IO
from scenarios.world import World

TOKENS = ["Main", "spring", " ", "ticks", {"end": True}]


async def test_a_run_streams_to_its_subscribers(world: World) -> None:
    gate = world.gate()

    async def model() -> AsyncIterator[Any]:
        for number, token in enumerate(TOKENS):
            if number == 3:
                await gate.passed()
            yield token

    @world.client.job(id="write")
    async def write(io: IO) -> int:
        async def ask() -> int:
            return len([token async for token in io.stream("tokens", model())])

        return await io.run_task("ask", ask)

    await world.start()
    run = await world.trigger(write)
    heard: list[Any] = []

    async for chunk in run.stream("tokens"):
        heard.append(chunk)
        if len(heard) == 3:
            gate.open()  # so the first ones came while the task was still at work
    assert heard == TOKENS
    assert (run.status, run.output) == ("SUCCESS", len(TOKENS))
    assert [chunk async for chunk in run.stream("tokens")] == TOKENS

    page = await world.door.call("GET", f"/api/v1/runs/{run.id}/chunks", params={"stream": "tokens"})
    assert [(one["chunk"], one["task"], one["attempt"]) for one in page["data"]] == [
        (token, "ask", 1) for token in TOKENS
    ]
    other = await world.door.call("GET", f"/api/v1/runs/{run.id}/chunks", params={"stream": "token"})
    assert other["data"] == []
    assert "STREAM_APPENDED" not in await world.kinds(run)
