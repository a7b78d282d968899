"""Mistakes in user code between plain and async, and what cannot be sent to a process: one line says what to write,
and the exit code of whoever waits says that the run failed."""

from collections.abc import Iterator

import pytest

from processes import Dev

APP = """
import asyncio

from mainspring import IO, Client, SyncIO, invoke_trigger

client = Client("mistakes")


async def charge() -> str:
    return "charged"


def plain() -> str:
    return "plain"


@client.job(id="awaiting", trigger=invoke_trigger(), retry=0)
def awaiting(io: SyncIO) -> str:
    async def inner() -> str:
        return await io.run_task("one", plain)

    return asyncio.run(inner())


@client.job(id="called", trigger=invoke_trigger(), retry=0)
def called(io: SyncIO) -> object:
    return io.run_task("charge", charge())


@client.job(id="lambda", trigger=invoke_trigger(), retry=0)
async def a_lambda(io: IO) -> int:
    return await io.run_task("answer", lambda: 42, isolation="process")
"""

SAYS = {
    "awaiting": "In a plain `def` call it without await, as in `io.run_task(...)`, or make the function `async def`.",
    "called": "Give the function and its arguments: io.run_task(key, fn, arg), not fn(arg).",
    "lambda": "Define the function at the top level of a module: no lambda, local function or partial.",
}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "app.py").write_text(APP)
    running = Dev.start(folder)
    try:
        yield running.wait_until_ready()
    finally:
        running.close()


@pytest.mark.parametrize("job", SAYS)
def test_a_mistake_is_one_line_and_a_failure(dev: Dev, job: str) -> None:
    done = dev.cli("trigger", job, "--wait")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = [line for line in done.stderr.splitlines() if "FAILED" in line]
    assert line.endswith(SAYS[job])
    assert "Traceback" not in done.stderr
