"""Hooks: once before the body and once after its end, with what they ask for; their own errors are shown, no more."""

import contextlib
from typing import Any

import pytest

from mainspring import IO, Client, Context, DefinitionError, SyncIO, ctx
from scenarios.world import World


async def test_hooks_are_called_at_the_end(world: World) -> None:
    async def succeeded(output: int, payload: int, ctx: Context) -> None:
        world.effects.append(("succeeded", payload, output, ctx.job.id))

    def failed(error: Exception, ctx: Context) -> None:
        world.effects.append(("failed", type(error).__name__, str(error)))
        raise RuntimeError("the hook itself is broken")

    @world.client.job(id="hooked", on_success=succeeded, on_failure=failed, retry=2)
    async def hooked(payload: int, io: IO) -> int:
        await io.wait("1 hour")
        if payload < 0:
            raise ValueError("negative")
        return payload * 2

    await world.start()
    good, bad = await world.trigger(hooked, 4), await world.trigger(hooked, -1)
    assert await world.output(good) == 8
    error = await world.failure(bad)
    await world.still()

    assert sorted(world.effects) == [("failed", "ValueError", "negative"), ("succeeded", 4, 8, "hooked")]
    assert error.message == "negative"
    task = (await world.tasks(bad))["#on_failure"]
    assert (task["name"], task["status"]) == ("on_failure", "FAILED")
    assert "the hook itself is broken" in task["error"]["message"]
    assert any("the hook itself is broken" in line["message"] for line in await world.logs(bad))


async def test_all_of_them_by_decorator_and_for_all_jobs_of_a_client(world: World) -> None:
    def note(what: str) -> Any:
        return lambda: world.effects.append((what, ctx.job.id))

    @world.client.job(id="one", on_start=note("start"))
    async def one(io: IO) -> int:
        world.effects.append(("body", ctx.job.id))
        await io.wait("1 hour")
        return 1

    one.on_success(note("success"))
    one.on_wait(note("wait"))
    one.on_resume(note("resume"))
    world.client.on_start(note("any start"))
    world.client.on_success(note("any success"))
    await world.start()
    run = await world.trigger(one)
    assert await world.output(run) == 1

    once = [what for what, _ in world.effects if what != "body"]
    assert once == ["start", "any start", "wait", "resume", "success", "any success"]
    hooks = {"#on_start", "#on_start#2", "#outcome", "#on_success", "#on_success#2"}
    assert {*await world.tasks(run)} == {"wait", *hooks}
    shown = await world.door.call("GET", "/api/v1/jobs/one")
    assert shown["hooks"] == ["on_start", "on_success", "on_wait", "on_resume"]


async def test_on_failure_comes_after_the_last_attempt_alone(world: World) -> None:
    @world.client.job(id="job", retry=3)
    async def job() -> None:
        world.effects.append(ctx.run.attempt)
        raise OSError(f"attempt {ctx.run.attempt}")

    @job.on_failure
    async def failed(error: Exception, io: IO) -> None:
        world.effects.append(str(error))

    @job.on_start
    def started() -> None:
        world.effects.append("started")

    await world.start()
    await world.failure(await world.trigger(job))
    assert world.effects == ["started", 1, 2, 3, "attempt 3"]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_hook_whose_worker_dies_goes_on_and_the_body_is_not_called_again(
    world: World, fails: bool
) -> None:
    gate = world.gate()

    async def told(what: str) -> str:
        world.effects.append(what)
        return what

    async def ended(io: IO, ctx: Context, payload: str, **_: Any) -> None:
        assert await io.run_task("tell", told, f"{payload} ended") == f"{payload} ended"
        await gate.passed()
        await io.run_task("tell", told, "and that was all")

    @world.client.job(id="job", retry=0, on_success=ended, on_failure=ended)
    async def job(payload: str, io: IO) -> str:
        world.effects.append("body")
        if fails and world.effects.count("body") < 20:  # a body that comes out otherwise each time
            raise OSError("no")
        return await io.run_task("work", told, "worked")

    await world.start()
    run = await world.trigger(job, "p")
    await gate.reached()
    bodies = world.effects.count("body")
    await world.crash()
    gate.open()
    await world.finish(run)
    assert run.status == ("FAILED" if fails else "SUCCESS")
    assert [one for one in world.effects if one != "body"] == [
        *([] if fails else ["worked"]),
        "p ended",
        "and that was all",
    ]
    assert world.effects.count("body") == bodies
    if fails:
        assert run.error is not None
        assert (run.error.type, run.error.message) == ("OSError", "no")


async def test_the_error_that_a_hook_gets_after_a_crash_has_its_name(world: World) -> None:
    gate = world.gate()

    class Refused(Exception):
        pass

    @world.client.job(id="job", retry=0)
    def job(payload: str, io: SyncIO) -> None:
        raise (Refused if payload == "ours" else KeyError)("why")

    @job.on_failure
    async def failed(error: Exception) -> None:
        await gate.passed()
        world.effects.append((type(error).__name__, isinstance(error, KeyError)))

    await world.start()
    runs = [await world.trigger(job, "ours"), await world.trigger(job, "theirs")]
    await gate.reached(2)
    await world.crash()
    gate.open()
    for run in runs:
        await world.failure(run)
    assert sorted(world.effects) == [("KeyError", True), ("Refused", False)]


async def test_middleware_is_around_the_body_and_its_hooks(world: World) -> None:
    @world.client.middleware
    async def outer(ctx: Context, call_next: Any) -> Any:
        ctx.locals["session"] = "open"
        try:
            return await call_next()
        finally:
            world.effects.append("outer closed")

    @world.client.middleware
    async def inner(ctx: Context, call_next: Any) -> None:
        with contextlib.suppress(
            OSError
        ):  # whatever it swallows and returns, a run comes to what its body came to
            await call_next()

    @world.client.job(id="job", retry=0)
    async def job(payload: int, io: IO, ctx: Context) -> str:
        assert ctx.locals["session"] == "open"
        if payload:
            raise OSError("no")
        return "done"

    @job.on_success
    def succeeded() -> None:
        world.effects.append(f"hook: {ctx.locals['session']}")

    await world.start()
    assert await world.output(await world.trigger(job, 0)) == "done"
    assert world.effects[-2:] == ["hook: open", "outer closed"]
    assert (await world.failure(await world.trigger(job, 1))).message == "no"


async def test_middleware_that_calls_nothing_fails_the_run(world: World) -> None:
    @world.client.middleware
    async def forgetful(ctx: Context, call_next: Any) -> None: ...

    @world.client.job(id="job", retry=0)
    async def job() -> None:
        world.effects.append("body")

    await world.start()
    error = await world.failure(await world.trigger(job))
    assert "did not call call_next()" in error.message
    assert world.effects == []


async def test_on_wait_and_on_resume_ask_for_nothing_durable(world: World) -> None:
    @world.client.job(id="job")
    async def job(io: IO) -> None:
        await io.wait("1 hour")

    @job.on_wait
    async def waits() -> None:
        from mainspring import io

        await io.run_task("no", print)

    await world.start()
    run = await world.trigger(job)
    await world.output(run)
    assert any("on_wait failed" in line["message"] for line in await world.logs(run))
    assert list(await world.tasks(run)) == ["wait"]


async def test_mistakes_are_told_where_they_are_made(world: World) -> None:
    client = Client("other")

    @client.job(id="job")
    async def job() -> None: ...

    job.on_failure(print)
    with pytest.raises(DefinitionError, match="job 'job' has an on_failure hook already"):
        job.on_failure(print)
    with pytest.raises(DefinitionError, match="on_success of job 'job' has a parameter 'error'"):
        job.on_success(lambda output, error: None)
    with pytest.raises(DefinitionError, match="on_wait of job 'job' has a parameter 'io'"):
        job.on_wait(lambda payload, io: None)
    with pytest.raises(DefinitionError, match="as middleware"):
        client.middleware(print)  # type: ignore[type-var]
    with pytest.raises(DefinitionError, match="on_cancel of job 'job' is 3"):
        job.on_cancel(3)  # type: ignore[type-var]
