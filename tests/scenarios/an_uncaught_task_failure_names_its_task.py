"""An uncaught `TaskFailed` ends the run, names the task, and does not repeat the body."""

from mainspring import IO, Retry
from scenarios.world import World


async def test_an_uncaught_task_failure_names_its_task(world: World) -> None:
    async def charge() -> None:
        world.effects.append("charge")
        raise PermissionError("card refused")

    async def never() -> None:
        world.effects.append("never")

    @world.client.job(id="uncaught", retry=Retry(max_attempts=5))
    async def uncaught(io: IO) -> None:
        await io.run_task("charge", charge, retry=2)
        await io.run_task("never", never)

    await world.start()
    run = await world.trigger(uncaught)
    error = await world.failure(run)

    assert error.task_key == "charge"
    assert error.code == "task_failed"
    assert "card refused" in error.message
    assert "charge" in error.message
    assert "card refused" in (error.traceback or "")
    assert "mainspring/worker" not in (error.traceback or "")
    assert run.attempt == 1
    assert world.effects == ["charge", "charge"]
    assert list(await world.tasks(run)) == ["charge"]
    assert (await world.kinds(run))[-1] == "JOB_FAILED"
