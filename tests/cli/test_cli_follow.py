"""Following: over live streams, not by asking again and again; on after a loss; ctrl-C is no failure of ours."""

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.items import done, started, succeeded
from mainspring.cli.follow import follow_logs, follow_runs
from mainspring.client.http import HttpDoor, door_into
from mainspring.model.protocol import LogWritten
from mainspring.model.streams import Streamed
from processes import MAINSPRING, PATIENCE, Dev, Output, clean_environment
from stage import Stage, job, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


class Counting:
    """A door that counts what is asked of it."""

    def __init__(self, inner: HttpDoor) -> None:
        self._inner = inner
        self.asked: list[str] = []
        self.heard: asyncio.Queue[Streamed] = asyncio.Queue()

    async def call(self, method: str, path: str, **options: Any) -> Any:
        self.asked.append(path)
        return await self._inner.call(method, path, **options)

    async def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        async for message in self._inner.stream(path, params=params, after=after):
            self.heard.put_nowait(message)
            yield message

    async def hears(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while (await self.heard.get()).kind != kind:
                pass

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_a_run_is_followed_without_asking_again(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = await stage.work(job("bill"))
    created = await stage.ask("POST", "/api/v1/jobs/bill/trigger", {"payload": {}})
    run = await worker.claim_one()
    door = Counting(door_into(stage.platform.app, stage.platform.api_key))
    following = asyncio.ensure_future(follow_runs(door, [created["id"]]))
    lines = asyncio.ensure_future(
        follow_logs(door, created["id"], {"level": "WARNING", "text": None}, follow=True, as_json=False)
    )
    for number in range(20):
        await worker.report(run, _line(number))
        await door.hears("log")
    await worker.report(run, started("a"), succeeded("a", '"receipt"'), done('"all"'))
    async with asyncio.timeout(20):
        (final,) = await following
        await lines
    assert final["output"] == "all"
    # Once at the beginning for the log, the outcome of the task, the end: whatever goes on in between.
    assert len(door.asked) == 3, door.asked
    printed = capsys.readouterr()
    assert re.findall(r"line (\d+)", printed.err) == [str(number) for number in range(20)]
    assert "receipt" in printed.err
    assert "SUCCESS" in printed.err
    assert re.findall(r"line (\d+)", printed.out) == [str(number) for number in range(1, 20, 2)]
    await door.aclose()


def _line(number: int) -> LogWritten:
    return LogWritten(number + 1, 0, "WARNING" if number % 2 else "INFO", f"line {number}")


def test_ctrl_c_leaves_cleanly_and_the_run_goes_on(dev: Dev) -> None:
    for arguments in (["logs", "-f"], ["send", "--wait"]):
        run_id = dev.send("approval.wanted", {"about": arguments[0]})["runs"][0]["id"]
        line = ["logs", run_id, "-f"]
        if arguments[0] == "send":
            line = ["send", "approval.wanted", '{"about": "interrupted"}', "--wait"]
        process = subprocess.Popen(
            [*MAINSPRING, *line],
            cwd=dev.folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        told = Output(process.stdout)
        told.wait_for("waiting for a person")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130, told.to_end()
        assert "Traceback" not in told.to_end()
        assert dev.until(run_id, "WAITING")["finished_at"] is None
