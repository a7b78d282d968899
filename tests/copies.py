"""Servers and workers as processes of their own, started and stopped as an operator does, and asked over HTTP."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from processes import MAINSPRING, PATIENCE, Output, clean_environment

KEY = "tr_prod_0123456789abcdefghij"
#: Seconds. Whoever sends SIGTERM kills what is still there after this; a stop takes a fraction of it.
KILLS_AFTER = 10.0


class Process:
    """A command that is started, stopped, and started again."""

    def __init__(self, folder: Path, env: Mapping[str, str], ready: str, *arguments: str) -> None:
        self._arguments, self._folder, self._env, self._ready = arguments, folder, dict(env), ready
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Process":
        self._process = subprocess.Popen(
            [*MAINSPRING, *self._arguments],
            cwd=self._folder,
            env=clean_environment(**self._env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self.output = Output(self._process.stdout)
        return self

    def wait_until_ready(self) -> "Process":
        self.output.wait_for(self._ready)
        return self

    def stop(self) -> float:
        """SIGTERM; how long it took, in seconds. It ends of itself, and says that all is well."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(KILLS_AFTER)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not stop in {KILLS_AFTER:g} s:\n{self.output.text()}") from None
        assert code == 0, self.output.text()
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def ended(url: str, run_id: str) -> Any:
    """The run once it has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        run = ask(url, "GET", f"/api/v1/runs/{run_id}?wait=20")
        if run["finished_at"] is not None:
            return run
    raise AssertionError(f"the run stands still: {run}")
