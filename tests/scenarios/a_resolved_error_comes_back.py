"""Failures of one class, job and task are one error; one that was resolved opens when it comes again."""

from mainspring import IO, Retry
from scenarios.world import World


async def test_a_resolved_error_comes_back(world: World) -> None:
    async def charge(order: int) -> None:
        raise ConnectionError(f"no answer for order {order}")

    @world.client.job(id="pay")
    async def pay(payload: int, io: IO) -> None:
        await io.run_task(f"charge {payload}", charge, payload, retry=Retry(max_attempts=1))

    await world.start()
    for order in (1, 2):
        await world.failure(await world.trigger(pay, order))
    (error,) = [one async for one in world.client.errors.list()]
    assert (error.type, error.job_id, error.task, error.runs) == ("ConnectionError", "pay", "charge *", 2)
    assert error.message == "no answer for order 2"

    resolved = await world.client.errors.resolve(error, by="ann")
    assert (resolved.status, resolved.resolved_by) == ("resolved", "ann")
    run = await world.trigger(pay, 3)
    await world.failure(run)
    back = await world.client.errors.retrieve(error.id)
    assert (back.status, back.runs, back.last_run_id) == ("unresolved", 3, run.id)
    assert back.came_back_at is not None
    assert {one.error_id async for one in world.client.runs.list(error_id=error.id)} == {error.id}
