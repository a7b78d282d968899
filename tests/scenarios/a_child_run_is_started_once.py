"""`job.trigger` inside a run is a durable task: across replays and crashes it starts one child, and names it again."""

import pytest
from pydantic import BaseModel

from mainspring import IO, Client, NotFound, PayloadInvalid
from scenarios.world import World


class Part(BaseModel):
    n: int


async def test_a_child_run_is_started_once(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="child")
    async def child(payload: Part, io: IO) -> int:
        world.effects.append(payload.n)
        return payload.n * 10

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[object]:
        handles = [await child.trigger(Part(n=n), tags=["part"]) for n in (1, 2)]
        await io.run_task("hold", gate.passed)
        await io.wait("1 hour")
        await io.send_event("all-started", "started", [handle.id for handle in handles])
        return [(handle.id, await handle.result()) for handle in handles]

    await world.start()
    run = await world.trigger(parent)
    await gate.reached()
    await world.crash()
    gate.open()
    await world.until(run, "WAITING")
    await world.crash()
    output = await world.output(run)

    children = [one async for one in world.client.runs.list(job_id="child")]
    assert set(world.effects) == {1, 2}
    assert {one.id: one.output for one in children} == dict(output)
    assert {one.parent_run_id for one in children} == {run.id}
    assert [result for _, result in output] == [10, 20]
    (event,) = [one async for one in world.client.events.list(name="started")]
    assert event.payload == [run_id for run_id, _ in output]


async def test_a_child_that_cannot_be_started_raises_at_the_call(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: Part) -> None: ...

    @Client("elsewhere").job(id="unknown")
    async def unknown() -> None: ...

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[str]:
        messages = []
        with pytest.raises(PayloadInvalid, match="n") as refused:
            await child.trigger({"n": "?"})  # type: ignore[arg-type]
        messages.append(str(refused.value))
        await io.wait("1 hour")
        with pytest.raises(NotFound, match="unknown") as missing:
            await unknown.trigger()
        messages.append(str(missing.value))
        return messages

    await world.start()
    run = await world.trigger(parent)

    assert len(await world.output(run)) == 2
