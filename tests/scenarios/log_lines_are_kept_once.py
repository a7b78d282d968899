"""`io.logger`, `logging` and `print` inside a run are kept with task and level, once, however often it replays."""

import logging

import pytest

from mainspring import IO, Retry, ctx
from scenarios.world import World

library = logging.getLogger("some.library")


async def test_log_lines_are_kept_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    library.setLevel(logging.INFO)

    async def work() -> None:
        print("working", "hard")
        library.warning("half of %d done", 10)
        if ctx.attempt.number == 1:
            raise ConnectionError("lost")

    def in_thread() -> None:
        print("from a thread")
        library.error("thread %s", "error")

    @world.client.job(id="talkative")
    async def talkative(io: IO) -> None:
        io.logger.info("begun", order=7, deep={"a": [1]})
        await io.run_task("work", work, retry=Retry(min_delay="1s", jitter=False))
        print("between")
        await io.wait("1 hour")
        io.logger.warn("late")
        await io.run_task("thread", in_thread)
        library.info("end of %s", "all")

    await world.start()
    run = await world.trigger(talkative)
    await world.until(run, "RUNNING")
    await world.advance("2s")
    await world.until(run, "WAITING")
    await world.crash()
    await world.output(run)

    lines = await world.logs(run)
    assert [(line["level"], line["message"], line["task"], line["origin"]) for line in lines] == [
        ("INFO", "begun", None, "logger"),
        ("INFO", "working hard", "work", "print"),
        ("WARNING", "half of 10 done", "work", "logging"),
        ("INFO", "working hard", "work", "print"),
        ("WARNING", "half of 10 done", "work", "logging"),
        ("INFO", "between", None, "print"),
        ("WARNING", "late", None, "logger"),
        ("INFO", "from a thread", "thread", "print"),
        ("ERROR", "thread error", "thread", "logging"),
        ("INFO", "end of all", None, "logging"),
    ]
    assert lines[0]["fields"] == {"order": 7, "deep": {"a": [1]}}
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert "from a thread" in capsys.readouterr().out


async def test_the_log_level_of_a_job_leaves_lines_out(world: World) -> None:
    @world.client.job(id="quiet", log_level="warning")
    async def quiet(io: IO) -> None:
        io.logger.debug("no")
        io.logger.info("no")
        print("no")
        io.logger.error("yes")

    await world.start()
    run = await world.trigger(quiet)
    await world.output(run)

    assert [line["message"] for line in await world.logs(run)] == ["yes"]
