"""`logging` and `print` inside runs; outside nothing changes."""

import logging
import sys

import pytest

from mainspring import IO, Client
from mainspring.model.protocol import LogWritten
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
