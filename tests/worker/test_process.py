"""The worker as a process: what it reports to a supervisor, how it ends, and with which code."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

APP = 'from mainspring import Client\nclient = Client("shop")\n@client.job(id="hello")\nasync def hello(): ...\n'


class Worker:
    """A started process with its report pipe."""

    def __init__(self, folder: Path, app: str, *, key: str = "right", reports: bool = True) -> None:
        readable, writable = os.pipe()
        self.process: subprocess.Popen[str] = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).parent / "idle_process.py"),
                app,
                key,
                str(writable) if reports else "-",
            ],
            cwd=folder,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(writable,),
        )
        os.close(writable)
        self.reports: IO[str] = os.fdopen(readable)

    def next(self) -> dict[str, Any] | None:
        line = self.reports.readline()
        return json.loads(line) if line else None

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stderr, self.reports):
            if pipe is not None:
                pipe.close()


Start = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    workers: list[Worker] = []

    def begin(app: str = "app.py", text: str = APP, **options: Any) -> Worker:
        (tmp_path / "app.py").write_text(text)
        workers.append(Worker(tmp_path, app, **options))
        return workers[-1]

    yield begin
    for worker in workers:
        worker.end()


def test_it_reports_what_becomes_of_it_and_drains_when_told(start: Start) -> None:
    worker = start("app.py:client")
    assert worker.next() == {"kind": "loaded", "app": "app.py:client", "jobs": ["hello"]}
    assert worker.next() == {"kind": "ready", "worker_id": "wrk_1", "jobs": ["hello"]}
    worker.process.send_signal(signal.SIGTERM)
    assert worker.next() == {"kind": "draining", "running": 0}
    assert worker.next() == {"kind": "stopped", "released": 0}
    assert worker.next() is None
    assert worker.process.wait(10) == 0


def test_it_ends_at_once_when_its_parent_is_gone(start: Start) -> None:
    worker = start()
    worker.next()
    worker.next()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(10) == 1


def test_user_code_cannot_take_the_parents_pipe_away(start: Start) -> None:
    worker = start(text="import sys\nassert sys.stdin.read() == ''\n" + APP)
    assert (worker.next() or {})["kind"] == "loaded"


def test_broken_code_is_reported_with_the_users_traceback(start: Start) -> None:
    worker = start(text="1 / 0\n" + APP)
    report = worker.next() or {}
    assert (report["kind"], report["code"]) == ("failed", "app_load_error")
    assert "1 / 0" in report["traceback"]
    assert worker.process.wait(10) == 2


def test_without_a_supervisor_broken_code_raises_for_the_command_line(start: Start) -> None:
    worker = start(text="1 / 0\n" + APP, reports=False)
    assert worker.process.wait(10) == 1
    assert worker.process.stderr is not None
    assert "AppLoadError" in worker.process.stderr.read()


def test_a_refused_key_ends_it_with_the_reason(start: Start) -> None:
    worker = start(key="wrong")
    assert (worker.next() or {})["kind"] == "loaded"
    assert (worker.next() or {})["kind"] == "stopped"
    report = worker.next() or {}
    assert (report["kind"], report["code"]) == ("failed", "unauthorized")
    assert worker.process.wait(10) == 1
