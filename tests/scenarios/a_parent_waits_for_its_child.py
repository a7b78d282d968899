"""`trigger_and_wait`: the parent is parked while its child works, and gets its typed output, once."""

from pydantic import BaseModel

from mainspring import IO
from scenarios.world import World


class Part(BaseModel):
    n: int


class Made(BaseModel):
    times: int


async def test_a_parent_waits_for_its_child(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: Part, io: IO) -> Made:
        world.effects.append(payload.n)
        await io.wait("1 hour")
        return Made(times=payload.n * 10)

    @world.client.job(id="parent")
    async def parent(io: IO) -> list[int]:
        made = [await child.trigger_and_wait(Part(n=n), tags=["part"]) for n in (1, 2)]
        assert all(isinstance(one, Made) for one in made)
        return [one.times for one in made]

    await world.start()
    run = await world.trigger(parent)
    await world.until(run, "WAITING", waiting_for="wait:child")
    (wait,) = run.waiting_for
    (first,) = [one async for one in world.client.runs.list(job_id="child")]
    assert wait["kind"] == "run"
    assert first.id in wait["message"]
    await world.crash()

    assert await world.output(run) == [10, 20]
    children = [one async for one in world.client.runs.list(job_id="child")]
    assert {one.parent_run_id for one in children} == {run.id}
    assert {tuple(one.tags) for one in children} == {("part",)}
    assert set(world.effects) == {1, 2}
    assert (await world.kinds(run)).count("WAIT_RESOLVED") == 2


async def test_outside_a_run_it_waits_in_place(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: Part) -> Made:
        return Made(times=payload.n * 10)

    await world.start()

    assert await child.trigger_and_wait(Part(n=3)) == Made(times=30)
