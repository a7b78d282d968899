"""`logging` and `print` inside runs; outside nothing changes."""

import json
import logging
import sys

import pytest

from mainspring import IO, Client
from mainspring.model.protocol import LogWritten
from mainspring.worker.shown import MOST_LINES
from worker.scripted import ScriptedBackend, a_run, at_work


async def test_prints_and_records_become_lines_of_the_run_and_its_tasks(
    client: Client, backend: ScriptedBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("shop")

    def in_a_thread() -> None:
        print("from a thread")
        logger.warning("careful, %s", "Ada")

    @client.job(id="job")
    async def job(io: IO) -> None:
        print("one", "line")
        print("half", end="")
        print(" a line\nand\n\nanother", end="")
        logger.error("broken")
        await io.run_task("work", in_a_thread)

    async with at_work(client, backend):
        print("outside")
        logger.error("outside")
        backend.grant(run := a_run())
        await backend.ended(run)
    lines = [
        (line.origin, line.level, line.message, line.task_key) for line in backend.kinds(run, LogWritten)
    ]
    assert sorted(lines) == sorted(
        [
            ("print", "INFO", "one line", None),
            ("print", "INFO", "half a line", None),
            ("print", "INFO", "and", None),
            ("print", "INFO", "another", None),
            ("logging", "ERROR", "broken", None),
            ("print", "INFO", "from a thread", "work"),
            ("logging", "WARNING", "careful, Ada", "work"),
        ]
    )
    assert capsys.readouterr().out.splitlines()[:3] == ["outside", "one line", "half a line"]


async def test_a_handler_that_writes_to_standard_output_is_not_captured_twice(
    client: Client, backend: ScriptedBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("shop.twice")

    @client.job(id="job")
    async def job(io: IO) -> None:
        handler = logging.StreamHandler(sys.stdout)
        logger.addHandler(handler)
        logger.warning("once")
        logger.removeHandler(handler)

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
    assert [line.origin for line in backend.kinds(run, LogWritten)] == ["logging"]
    assert "once" in capsys.readouterr().out


async def test_everything_is_as_it_was_afterwards(client: Client, backend: ScriptedBackend) -> None:
    handlers, out = list(logging.root.handlers), sys.stdout
    async with at_work(client, backend):
        assert sys.stdout is not out
    assert logging.root.handlers == handlers
    assert sys.stdout is out


def _left_out(lines: list[LogWritten]) -> list[int]:
    """What each line that stands for others says."""
    return [json.loads(line.fields or "")["left_out"] for line in lines if line.origin == "mainspring"]


async def test_lines_that_came_too_fast_are_told_where_they_are_missing(
    client: Client, backend: ScriptedBackend
) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        for number in range(MOST_LINES + 7):
            io.logger.info(f"first {number}")
        await io.run_task("pause", lambda: None)
        io.logger.info("between")
        await io.run_task("pause", lambda: None)
        for number in range(MOST_LINES + 5):
            io.logger.info(f"last {number}")

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
    lines = backend.kinds(run, LogWritten)
    messages = [line.message for line in lines]
    first, last = _left_out(lines)
    assert len(lines) - 2 + first + last == 2 * MOST_LINES + 13, "all are there, or told of"
    assert messages[messages.index("between") - 1].startswith(f"{first:,} log lines were left out here")
    assert messages[-1].startswith(f"{last:,} log lines were left out here"), "no line came after them"
    assert lines[-1].level == "WARNING"


async def test_lines_that_are_waited_for_are_all_kept(client: Client, backend: ScriptedBackend) -> None:
    @client.job(id="job")
    async def job(io: IO) -> None:
        for burst in range(3):
            for number in range(MOST_LINES // 2):
                io.logger.info(f"{burst} {number}")
            await io.run_task("pause", lambda: None)

    async with at_work(client, backend):
        backend.grant(run := a_run())
        await backend.ended(run)
    assert len(backend.kinds(run, LogWritten)) == 3 * (MOST_LINES // 2)
