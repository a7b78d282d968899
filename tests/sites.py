"""Web apps of users for tests: a server process in a folder of its own, on a free port, that can be killed."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ports import free_port
from processes import PATIENCE, Output, clean_environment


class Site:
    """`Site.start(folder, ["-m", "uvicorn", "app:app"])`: python with these arguments, once it answers."""

    def __init__(self, folder: Path, arguments: Sequence[str], env: dict[str, str], port: int) -> None:
        self.port = port
        self._again = (folder, arguments, env, port)
        self.process = subprocess.Popen(
            [sys.executable, *arguments, *([] if "runserver" in arguments else ["--port"]), str(port)],
            cwd=folder,
            env=clean_environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.output = Output(self.process.stdout)

    @classmethod
    def start(cls, folder: Path, arguments: Sequence[str], **env: str) -> "Site":
        site = cls(folder, arguments, env, free_port())
        site.wait_until_ready()
        return site

    def wait_until_ready(self) -> None:
        self.output.wait_for(r"http://127\.0\.0\.1:\d+")

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and decoded answer. Asked again while nobody listens yet."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as refusal:
                return refusal.code, refusal.read().decode()
            except urllib.error.URLError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(self.output.text()) from None

    def until(self, path: str, key: str, value: Any) -> Any:
        """The answer of `path` once its `key` has this value."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status, answer = self.request("GET", path)
            if status == 200 and answer[key] == value:
                return answer
        raise AssertionError(f"{path} says {answer}\n{self.output.text()}")

    def crash_and_start_again(self) -> "Site":
        """kill -9, and the same command on the same port."""
        self.process.kill()
        self.process.wait(PATIENCE)
        again = Site(*self._again)
        again.wait_until_ready()
        return again

    def close(self) -> int:
        """Ask it to stop; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait(PATIENCE)
