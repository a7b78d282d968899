"""A task that fails twice and passes on its third attempt; what comes before runs once, what comes after waits."""

from mainspring import IO, Retry, ctx
from scenarios.world import World


async def test_a_task_is_retried_until_it_passes(world: World) -> None:
    async def note(what: str) -> None:
        world.effects.append(what)

    async def flaky() -> int:
        world.effects.append(f"try {ctx.attempt.number}")
        if ctx.attempt.number < 3:
            raise ConnectionError(f"no answer to try {ctx.attempt.number}")
        return ctx.attempt.number

    @world.client.job(id="retried")
    async def retried(io: IO) -> int:
        await io.run_task("before", note, "before")
        number = await io.run_task(
            "flaky", flaky, retry=Retry(max_attempts=5, min_delay="1s", factor=1, jitter=False)
        )
        await io.run_task("after", note, "after")
        return number

    await world.start()
    run = await world.trigger(retried)

    await world.until(run, "RUNNING")
    flaky_task = (await world.tasks(run))["flaky"]
    assert flaky_task["status"] == "RETRYING"
    assert flaky_task["next_attempt_at"] > flaky_task["started_at"]
    assert world.effects == ["before", "try 1"]

    await world.advance("1s")
    assert (await world.tasks(run))["flaky"]["status"] == "RETRYING"
    assert world.effects == ["before", "try 1", "try 2"]

    assert await world.output(run) == 3
    assert world.effects == ["before", "try 1", "try 2", "try 3", "after"]

    tasks = await world.tasks(run)
    assert [task["status"] for task in tasks.values()] == ["SUCCESS"] * 3
    attempts = tasks["flaky"]["attempts"]
    assert [(a["number"], a["status"]) for a in attempts] == [(1, "FAILED"), (2, "FAILED"), (3, "SUCCESS")]
    assert [a["error"] and a["error"]["message"] for a in attempts] == [
        "no answer to try 1",
        "no answer to try 2",
        None,
    ]
    assert attempts[0]["error"]["type"] == "ConnectionError"
    kinds = await world.kinds(run, "flaky")
    assert kinds.count("TASK_RETRIED") == 2
    assert kinds[-1] == "TASK_COMPLETED"
