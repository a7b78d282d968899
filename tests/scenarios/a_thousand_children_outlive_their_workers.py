"""A thousand children and their parent, whose workers all die while it waits: no child is started twice, the one
that fails and the one that is cancelled are results like the others, in order, and the parent wakes once."""

from mainspring import IO, NonRetryable
from scenarios.world import World

CHILDREN = 1_000
FAILS, IS_CANCELLED = 500, 999
SLOTS = 50


async def test_a_thousand_children_outlive_their_workers(world: World) -> None:
    gate = world.gate()

    async def double(n: int) -> int:
        await gate.passed()
        return n * 2

    @world.client.job(id="child")
    async def child(payload: int, io: IO) -> int:
        if payload == IS_CANCELLED:
            await io.wait("1 day")
        if payload == FAILS:
            raise NonRetryable(f"not {payload}")
        return await io.run_task("double", double, payload)

    @world.client.job(id="parent")
    async def parent() -> list[object]:
        results = await child.batch_trigger_and_wait(range(CHILDREN))
        world.effects.append("woken")
        return [[one.run_id, one.status, one.output] for one in results]

    await world.start(workers=2, slots=SLOTS)
    run = await world.trigger(parent)
    await gate.reached(2 * SLOTS)
    await world.until(run, "WAITING", waiting_for="wait:child")
    await world.crash_worker()
    gate.open()
    await world.until(run, "WAITING", waiting_for="wait:child")
    children = {one.id: one async for one in world.client.runs.list(job_id="child")}
    (left,) = [one for one in children.values() if not one.is_final]
    assert left.payload == IS_CANCELLED
    await left.cancel()

    output = await world.output(run)
    assert [children[run_id].payload for run_id, _, _ in output] == list(range(CHILDREN))
    ends = {FAILS: ["FAILED", None], IS_CANCELLED: ["CANCELLED", None]}
    assert [one[1:] for one in output] == [ends.get(n, ["SUCCESS", 2 * n]) for n in range(CHILDREN)]
    assert len([one async for one in world.client.runs.list(job_id="child")]) == CHILDREN
    assert world.effects == ["woken"]
    kinds = await world.kinds(run)
    assert kinds.count("WAIT_STARTED") == kinds.count("WAIT_RESOLVED") == kinds.count("JOB_RESUMED") == 1
