"""Options of a call stay with its run: tags, metadata, attempts; the job's own where the call says nothing."""

from mainspring import Context
from scenarios.world import World


async def test_a_run_carries_what_its_caller_said(world: World) -> None:
    @world.client.job(id="carries", retry=5, tags=["job"])
    async def carries(payload: str, ctx: Context) -> list[str]:
        world.effects.append((payload, ctx.attempt.number))
        if payload == "fails":
            raise ValueError("no")
        return list(ctx.run.tags)

    await world.start()
    run = await world.trigger(carries, "passes", tags=["call", "job"], metadata={"who": "ann"})
    fails = await world.trigger(carries, "fails", max_attempts=2)
    fails_longer = await world.trigger(carries, "fails")

    assert sorted(await world.output(run)) == ["call", "job"]
    assert run.metadata == {"who": "ann"}
    await world.failure(fails)
    await world.failure(fails_longer)
    assert (fails.attempt, fails_longer.attempt) == (2, 5)
    found = [one.id async for one in world.client.runs.list(tag="call")]
    assert found == [run.id]
