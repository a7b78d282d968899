"""A batch of a thousand children: started in one commit, waited for by one wait, and the parent resumes once."""

from scenarios.world import World

CHILDREN = 1_000


async def test_a_thousand_children_wake_their_parent_once(world: World) -> None:
    @world.client.job(id="child")
    async def child(payload: int) -> int:
        return payload * 2

    @world.client.job(id="parent")
    async def parent() -> list[int]:
        return [result.unwrap() for result in await child.batch_trigger_and_wait(range(CHILDREN))]

    await world.start(slots=200)
    run = await world.trigger(parent)

    assert await world.output(run) == [2 * n for n in range(CHILDREN)]
    kinds = await world.kinds(run)
    assert kinds.count("WAIT_STARTED") == kinds.count("WAIT_RESOLVED") == 1
    assert kinds.count("JOB_RESUMED") <= 1
    assert len(await world.tasks(run)) == 2
