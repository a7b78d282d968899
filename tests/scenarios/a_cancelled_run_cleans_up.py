"""Cancelling: at once where nobody runs the code, else `RunCancelled` is raised in it, past `except Exception`."""

from mainspring import IO, RunCancelled
from scenarios.world import World


async def test_a_pending_run_is_cancelled_at_once(world: World) -> None:
    @world.client.job(id="later")
    async def later() -> None:
        world.effects.append("began")

    await world.start()
    run = await world.trigger(later, delay="1 hour")
    await run.cancel()
    assert run.status == "CANCELLED"

    await world.advance("2 hours")
    await run.refresh()
    assert run.status == "CANCELLED"
    assert world.effects == []


async def test_a_waiting_run_is_cancelled_at_once(world: World) -> None:
    async def never() -> None:
        world.effects.append("never")

    @world.client.job(id="waits")
    async def waits(io: IO) -> None:
        await io.wait_for_event("answer", name="answer", id="q")
        await io.run_task("never", never)

    await world.start()
    run = await world.trigger(waits)
    await world.until(run, "WAITING")
    await run.cancel()
    assert run.status == "CANCELLED"
    await world.send("answer", id="q")
    await world.still()

    await run.refresh()
    assert (run.status, run.waiting_for) == ("CANCELLED", [])
    assert (await world.tasks(run))["answer"]["status"] == "CANCELLED"
    assert world.effects == []


async def test_a_running_run_cleans_up(world: World) -> None:
    gate = world.gate()

    async def work() -> None:
        try:
            await gate.passed()
        except Exception:
            world.effects.append("swallowed in the task")
        except RunCancelled:
            world.effects.append("task cleaned up")
            raise

    @world.client.job(id="runs", retry=5)
    async def runs(io: IO) -> str:
        try:
            await io.run_task("work", work)
        except Exception:
            world.effects.append("swallowed in the body")
        finally:
            world.effects.append("body cleaned up")
        await io.run_task("never", gate.passed)
        return "?"

    await world.start()
    run = await world.trigger(runs)
    await gate.reached()
    await world.until(run, "RUNNING")
    await run.cancel()
    await world.until(run, "CANCELLED")

    assert world.effects == ["task cleaned up", "body cleaned up"]
    assert [task["status"] for task in (await world.tasks(run)).values()] == ["CANCELLED"]
    assert (await world.kinds(run))[-1] == "JOB_CANCELLED"


async def test_code_that_will_not_stop_is_given_up(world: World) -> None:
    gate = world.gate()

    @world.client.job(id="stubborn")
    async def stubborn(io: IO) -> str:
        try:
            await io.run_task("first", gate.passed)
        except RunCancelled:
            await gate.passed()
        return "too late"

    await world.start(slots=1)
    run = await world.trigger(stubborn)
    await gate.reached()
    await run.cancel()
    await gate.reached(2)
    await world.until(run, "RUNNING")
    await world.finish(run)
    assert run.status == "CANCELLED"

    gate.open()
    await world.still()
    await run.refresh()
    assert (run.status, run.output) == ("CANCELLED", None)


async def test_cancelling_twice_or_too_late_changes_nothing(world: World) -> None:
    @world.client.job(id="quick")
    async def quick() -> str:
        return "done"

    await world.start()
    run = await world.trigger(quick)
    await world.output(run)
    await run.cancel()

    assert (run.status, run.output) == ("SUCCESS", "done")
