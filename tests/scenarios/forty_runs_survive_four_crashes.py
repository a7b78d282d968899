"""Forty runs in flight, four crashes of everything: all finish, and every finished task was kept once."""

import asyncio
from collections import Counter

from mainspring import IO, task
from scenarios.world import World

RUNS = 40


async def test_forty_runs_survive_four_crashes(world: World) -> None:
    kept: Counter[tuple[str, str]] = Counter()

    @task(retry=0)
    async def step_on(n: int, part: str) -> str:
        world.effects.append((n, part))
        await asyncio.sleep(0)
        return f"{n}-{part}"

    @world.client.job(id="tough")
    async def tough(payload: int, io: IO) -> list[str]:
        first = await step_on(payload, "first")
        both = await asyncio.gather(step_on(payload, "left"), step_on(payload, "right"))
        await io.wait("1 second")
        await io.store.update(f"count-{payload % 4}", lambda count: (count or 0) + 1)
        last = await step_on(payload, "last")
        await io.send_event("done", "tough.done", {"n": payload})
        return [first, *both, last]

    await world.start(workers=2, slots=10)
    runs = [await world.trigger(tough, n) for n in range(RUNS)]
    for crash in range(1, 5):
        # In the midst of things: the database has taken some more commits, nobody waits for stillness.
        await world.commits(3 + crash)
        await world.crash()
        if crash % 2:
            await world.commits(6)
            world.clock.advance(500_000)

    for n, run in enumerate(runs):
        assert await world.output(run) == [f"{n}-{part}" for part in ("first", "left", "right", "last")]
        entries = await world.history(run)
        kept.update((run.id, entry["task"]) for entry in entries if entry["kind"] == "TASK_COMPLETED")
        tasks = await world.tasks(run)
        assert {task["status"] for task in tasks.values()} == {"SUCCESS"}
        assert {key for _, key in kept if _ == run.id} == {
            key for key in tasks if tasks[key]["kind"] != "wait"
        }
    assert set(kept.values()) == {1}
    counts = [await world.client.store.get(f"count-{n}") for n in range(4)]
    assert counts == [RUNS / 4] * 4
    sent = sorted(
        [event.payload["n"] async for event in world.client.events.list(name="tough.done", limit=100)]
    )
    assert sent == list(range(RUNS))
    # What ran again was in doubt when all died: it had not been kept.
    assert {effect for effect, count in world.effects.counts().items() if count > 5} == set()
