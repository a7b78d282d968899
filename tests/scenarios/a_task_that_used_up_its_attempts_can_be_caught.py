"""`TaskFailed` is raised at the task's call once its attempts are used up; caught, the run goes on."""

from mainspring import IO, TaskFailed
from scenarios.world import World


async def test_a_task_that_used_up_its_attempts_can_be_caught(world: World) -> None:
    async def broken() -> None:
        world.effects.append("broken")
        raise ValueError("always")

    async def mend(attempts: int) -> str:
        world.effects.append("mended")
        return f"mended after {attempts}"

    @world.client.job(id="careful")
    async def careful(io: IO) -> list[str]:
        try:
            await io.run_task("broken", broken, retry=2)
        except TaskFailed as error:
            return [await io.run_task("mend", mend, error.attempts), error.task_key, str(error)]
        return []

    await world.start()
    run = await world.trigger(careful)
    mended, task_key, message = await world.output(run)

    assert (mended, task_key) == ("mended after 2", "broken")
    assert "broken" in message
    assert "always" in message
    assert world.effects == ["broken", "broken", "mended"]
    tasks = await world.tasks(run)
    assert tasks["broken"]["status"] == "FAILED"
    assert tasks["broken"]["error"]["message"] == "always"
    assert len(tasks["broken"]["attempts"]) == 2
    assert run.error is None
