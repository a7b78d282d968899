"""`on_failure` is called too before a run ends past its `max_duration`, or because it kept killing its workers."""

from typing import Any

import pytest

from mainspring import IO, Client
from mainspring.clock import MINUTE
from scenarios.world import World


async def note(world: World, what: Any) -> None:
    world.effects.append(what)


def slow(world: World, **options: Any) -> Any:
    """A job that waits for longer than it may."""

    @world.client.job(id="slow", max_duration="10 minutes", **options)
    async def slow_(payload: str, io: IO) -> None:
        await io.run_task("begin", note, world, "began")
        await io.wait("1 day")
        world.effects.append("went on")

    return slow_


def told(world: World, job: Any, gate: Any = None) -> None:
    @job.on_failure
    async def tell(payload: str, error: Exception, io: IO) -> None:
        await io.run_task("tell", note, world, (payload, isinstance(error, TimeoutError), str(error)))
        if gate is not None:
            await gate.passed()
            world.effects.append("told")


async def test_after_max_duration(world: World) -> None:
    job = slow(world)
    told(world, job)
    await world.start()
    began = world.clock.now()
    run = await world.finish(await world.trigger(job, "a"))

    assert run.status == "TIMED_OUT"
    assert run.error is not None
    assert run.error.message == "it ran longer than its max_duration of 600 seconds"
    assert world.clock.now() - began == 10 * MINUTE
    assert world.effects == ["began", ("a", True, run.error.message)]
    tasks = await world.tasks(run)
    assert tasks["wait"]["status"] == "CANCELLED"
    assert tasks["#on_failure"]["status"] == tasks["#on_failure/tell"]["status"] == "SUCCESS"
    kinds = await world.kinds(run)
    assert kinds.count("END_DECIDED") == 1
    assert kinds[-1] == "JOB_TIMED_OUT"


async def test_code_at_work_is_stopped(world: World) -> None:
    gate = world.gate()

    async def work() -> None:
        try:
            await gate.passed()
            world.effects.append("went on")
        finally:
            world.effects.append("stopped")

    @world.client.job(id="busy", max_duration="10 minutes")
    async def busy(payload: str, io: IO) -> None:
        await io.run_task("work", work)

    told(world, busy)
    await world.start()
    run = await world.trigger(busy, "a")
    await gate.reached()
    await world.advance("10 minutes")
    await world.beat()
    await world.finish(run)
    assert run.status == "TIMED_OUT"
    assert world.effects[0] == "stopped"
    assert [what for what in world.effects if what != "stopped"] == [
        ("a", True, run.error and run.error.message)
    ]
    assert (await world.tasks(run))["work"]["status"] == "CANCELLED"


async def test_after_its_workers_kept_dying(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="poison")
    async def poison(payload: str, io: IO) -> None:
        await io.run_task("bite", gate.passed)

    told(world, poison)
    await world.start()
    run = await world.trigger(poison, "a")
    for times in (1, 2, 3):
        await gate.reached(times)
        await world.still()
        await world.crash_worker(fault="SIGSEGV")
    error = await world.failure(run)
    assert error.code == "worker_crashed"
    assert world.effects == [("a", False, error.message)]
    assert (await world.kinds(run))[-1] == "JOB_FAILED"


@pytest.mark.parametrize("everything", [False, True])
async def test_a_hook_whose_worker_dies_is_called_again(world: World, everything: bool) -> None:
    gate, job = world.gate(), slow(world)
    told(world, job, gate)
    await world.start()
    run = await world.trigger(job, "a")
    await world.advance("10 minutes")
    await gate.reached()
    await (world.crash() if everything else world.crash_worker())
    gate.open()
    await world.finish(run)
    assert run.status == "TIMED_OUT"
    assert world.effects[0] == "began"
    assert world.effects[1][0] == "a"
    assert world.effects[2:] == ["told"]


async def test_a_hook_that_takes_too_long_is_not_waited_for(world: World) -> None:
    gate, job = world.gate(), slow(world)
    told(world, job, gate)
    await world.start()
    began = world.clock.now()
    run = await world.finish(await world.trigger(job, "a"))
    assert run.status == "TIMED_OUT"
    assert world.clock.now() - began == 11 * MINUTE
    assert run.error is not None
    assert "max_duration" in run.error.message


async def test_without_a_worker_it_ends_without_its_hook(world: World) -> None:
    job = slow(world)
    told(world, job)
    await world.start()
    run = await world.trigger(job, "a")
    await world.until(run, "WAITING")
    await world.crash_worker(restart=False)
    await world.advance("10 minutes")
    reason = (await world.door.call("GET", f"/api/v1/runs/{run.id}/why"))["reason"]
    assert reason["code"] == "ending"
    assert "is to be TIMED_OUT" in reason["message"]
    await run.cancel()  # too late: the end stands
    await world.finish(run)
    assert (run.status, world.effects) == ("TIMED_OUT", ["began"])


async def test_a_hook_that_kills_its_workers_ends_with_what_was_decided(world: World) -> None:
    gate, job = world.gate(), slow(world)
    told(world, job, gate)
    await world.start()
    run = await world.trigger(job, "a")
    await world.advance("10 minutes")
    for times in (1, 2, 3):
        await gate.reached(times)
        await world.still()
        await world.crash_worker(fault="SIGSEGV")
    await world.finish(run)
    assert run.status == "TIMED_OUT"
    assert run.error is not None
    assert "max_duration" in run.error.message


async def test_not_for_a_run_that_never_began_or_was_cancelled(world: World) -> None:
    job = slow(world, ttl="1 hour")
    told(world, job)
    await world.start()
    cancelled = await world.trigger(job, "a")
    await world.until(cancelled, "WAITING")
    await cancelled.cancel()
    await world.finish(cancelled)
    await world.crash_worker(restart=False)
    expired = await world.finish(await world.trigger(job, "b"))
    assert (cancelled.status, expired.status) == ("CANCELLED", "EXPIRED")
    assert world.effects == ["began"]


async def test_code_that_has_lost_its_hook_meanwhile_is_not_called(world: World) -> None:
    """The end stands, and nothing of the body begins again."""
    job = slow(world)
    told(world, job)
    newer = Client("test")

    @newer.job(id="slow", max_duration="10 minutes")
    async def slow_(payload: str) -> None:
        world.effects.append("called again")

    await world.start()
    run = await world.trigger(job, "a")
    await world.until(run, "WAITING")
    await world.crash_worker(restart=False)
    await world.advance("10 minutes")
    await world.start_worker(newer)
    await world.finish(run)
    assert (run.status, world.effects) == ("TIMED_OUT", ["began"])
