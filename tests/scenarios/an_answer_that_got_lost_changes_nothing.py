"""A worker that hears nothing back sends the same again: nothing is applied twice, and no granted run is forgotten."""

import asyncio

from mainspring import IO, task
from scenarios.world import World

RUNS = 6


async def test_commits_whose_answers_got_lost(world: World) -> None:
    @task
    async def part(n: int, name: str) -> str:
        world.effects.append((n, name))
        return f"{n}-{name}"

    @world.client.job(id="child")
    async def child(payload: int) -> int:
        return payload

    @world.client.job(id="unheard")
    async def unheard(payload: int, io: IO) -> list[object]:
        both = await asyncio.gather(part(payload, "left"), part(payload, "right"))
        await io.store.update("count", lambda count: (count or 0) + 1)
        await io.wait("1 minute")
        await io.send_event("done", "unheard.done", {"n": payload})
        return [*both, await child.trigger_and_wait(payload)]

    await world.start()
    (crew,) = world.crews
    crew.backend.lose_answers("commit", every=2)
    runs = [await world.trigger(unheard, n) for n in range(RUNS)]

    for n, run in enumerate(runs):
        assert await world.output(run) == [f"{n}-left", f"{n}-right", n]
        kinds = await world.kinds(run)
        assert (kinds.count("JOB_STARTED"), kinds.count("JOB_COMPLETED")) == (1, 1)
        for key in ("part", "part#2", "done"):
            assert (await world.kinds(run, key)).count("TASK_COMPLETED") == 1
    assert crew.backend.lost > 3
    if not world.axes.always_replay:
        assert set(world.effects.counts().values()) == {1}
    assert await world.client.store.get("count") == RUNS
    sent = [event.payload["n"] async for event in world.client.events.list(name="unheard.done")]
    assert sorted(sent) == list(range(RUNS))
    assert len([one async for one in world.client.runs.list(job_id="child")]) == RUNS


async def test_a_run_granted_in_an_answer_that_got_lost(world: World) -> None:
    @world.client.job(id="granted")
    async def granted(payload: int) -> int:
        return payload

    await world.start()
    (crew,) = world.crews
    crew.backend.lose_answers("claim", every=1, at_most=1)
    run = await world.trigger(granted, 7)
    while not crew.backend.lost:
        await world.lives.something_happens(0.1)
    await world.beat()  # it lists what the worker holds: this run is not among it

    assert await world.output(run) == 7
    assert "WORKER_LOST" not in await world.kinds(run)
