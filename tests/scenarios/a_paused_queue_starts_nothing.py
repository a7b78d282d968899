"""A paused queue starts nothing until it is resumed, limits change while it runs, and a run says what holds it back."""

from typing import Any

from mainspring import IO, Queue
from scenarios.world import World


async def test_a_paused_queue_starts_nothing(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="mail", queue=Queue("post", concurrency=1))
    async def mail(payload: int, io: IO) -> int:
        await io.run_task("hold", gate.passed)
        return payload

    async def why(run: Any) -> dict[str, Any]:
        shown = await world.door.call("GET", f"/api/v1/runs/{run.id}/why")
        reason: dict[str, Any] = shown["reason"]
        return reason

    await world.start()
    first, second, third = [await world.trigger(mail, n) for n in range(3)]
    await gate.reached()
    await world.until(first, "RUNNING")
    found = await why(third)
    assert (found["code"], found["held_by"], found["position"]) == ("queue_limit", [first.id], 1)

    await world.client.queues.pause("post", by="Ada")
    gate.open()
    await world.output(first)
    assert (await why(second))["message"].startswith("queue 'post' was paused by Ada")
    await world.client.queues.resume("post")
    assert await world.output(second) == 1
    changed = await world.client.queues.change("post", concurrency=5)
    assert changed.limits["concurrency"] == 5
    assert await world.output(third) == 2


async def test_a_rate_spreads_starts(world: World) -> None:
    @world.client.job(id="call", queue=Queue(rate="6/minute"))
    async def call(payload: int) -> int:
        world.effects.append(payload)
        return payload

    await world.start()
    runs = [await world.trigger(call, n) for n in range(3)]
    await world.output(runs[0])
    await world.advance("5 seconds")
    assert set(world.effects) == {0}
    await world.advance("21 seconds")
    for n, run in enumerate(runs):
        assert await world.output(run) == n
