"""Real processes for tests: `mainspring dev` in a folder of its own, on a free port, and commands beside it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ports import free_port

MAINSPRING = (sys.executable, "-m", "mainspring")
#: Generous: a loaded machine is slow, a hung process is still noticed.
PATIENCE = 60.0


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without anything that sets Mainspring up."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAINSPRING_") and name not in ("DATABASE_URL", "PORT", "FORCE_COLOR", "CI")
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


def run_cli(
    *arguments: str,
    cwd: Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [*MAINSPRING, *arguments],
        cwd=cwd,
        env=clean_environment(**(env or {})),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Output:
    """The lines a process has written so far; waiting for one is waiting for the process, not for a time."""

    def __init__(self, stream: Iterable[str]) -> None:
        self.lines: list[str] = []
        self._is_over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: Iterable[str]) -> None:
        for line in stream:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait_for(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """The first match in a line from number `after` on; fails when the process ends or is silent too long."""
        deadline = time.monotonic() + PATIENCE
        seen = after
        with self._changed:
            while True:
                while seen < len(self.lines):
                    found = re.search(pattern, self.lines[seen])
                    seen += 1
                    if found:
                        return found
                left = deadline - time.monotonic()
                if self._is_over or left <= 0:
                    why = "the process ended" if self._is_over else f"{PATIENCE:g} s passed"
                    raise AssertionError(
                        f"{why} before a line matched {pattern!r}:\n" + "\n".join(self.lines)
                    )
                self._changed.wait(left)

    def text(self) -> str:
        with self._changed:
            return "\n".join(self.lines)

    def to_end(self) -> str:
        """All of it, once the process has closed its output."""
        self._thread.join(PATIENCE)
        return self.text()


@dataclass
class Dev:
    """A running `mainspring dev`."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    output: Output
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(
        cls, folder: Path, *arguments: str, port: int | None = None, env: Mapping[str, str] | None = None
    ) -> "Dev":
        """Start it; `wait_until_ready` when its app is expected to load."""
        port = port or free_port()
        process = subprocess.Popen(
            [*MAINSPRING, "dev", *arguments, "--port", str(port)],
            cwd=folder,
            env=clean_environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        return cls(folder, port, process, Output(process.stdout), dict(env or {}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The one it prints."""
        return self.output.wait_for(r"API key +(\S+)")[1]

    def wait_until_ready(self) -> "Dev":
        self.output.wait_for(r"Ready")
        return self

    def cli(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command in the same folder, finding URL and key as a person's second terminal would."""
        return run_cli(*arguments, cwd=self.folder, stdin=stdin, env=self.env)

    def read(self, *arguments: str) -> Any:
        """What a command prints with --json."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def read_lines(self, *arguments: str) -> list[Any]:
        """As `read`, for a command that prints NDJSON."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def request(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> tuple[int, Any]:
        """Status and decoded answer of one HTTP request, as curl would make it."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key or self.key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def send(self, name: str, payload: Any, **fields: Any) -> Any:
        """The event as the API answers it."""
        status, event = self.request("POST", "/api/v1/events", {"name": name, "payload": payload, **fields})
        assert status == 200, event
        return event

    def finished(self, run_id: str) -> Any:
        """The run once it has ended."""
        return self._held(run_id, lambda run: run["finished_at"] is not None, wait=20)

    def until(self, run_id: str, status: str) -> Any:
        """The run once it has this status."""
        return self._held(run_id, lambda run: run["status"] == status, wait=0.1)

    def _held(self, run_id: str, is_reached: Any, *, wait: float) -> Any:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            _, run = self.request("GET", f"/api/v1/runs/{run_id}?wait={wait}")
            if is_reached(run):
                return run
        raise AssertionError(f"{PATIENCE:g} s passed; the run is {run}\n{self.output.text()}")

    def worker_pids(self) -> list[int]:
        """Of the workers that take work now."""
        _, workers = self.request("GET", "/api/v1/workers")
        return [int(worker["pid"]) for worker in workers["data"] if worker["status"] == "ALIVE"]

    def worker_pid(self) -> int:
        """Of the one worker that takes work now."""
        (pid,) = self.worker_pids()
        return pid

    def stop(self, sign: int = signal.SIGINT) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE)

    def kill_everything(self) -> None:
        """kill -9 of the server and of its worker, at once."""
        for pid in [*self.worker_pids(), self.process.pid]:
            kill(pid)
        self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def kill(pid: int) -> None:
    """kill -9, whether or not it is there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
