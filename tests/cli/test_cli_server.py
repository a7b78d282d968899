"""`server` and `worker` apart, on one PostgreSQL: bad input is told in a line, and a rolling restart loses nothing."""

import collections
import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import postgres
from processes import MAINSPRING, PATIENCE, Output, clean_environment, free_port, run_cli

KEY = "tr_prod_0123456789abcdefghij"
#: Seconds, as promised; it takes a fraction of one.
STOPS_WITHIN = 2.0

APP = """
import os

from mainspring import IO, Client, ctx, event_trigger

client = Client("shop")


def note(what: str) -> None:
    out = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, f"{ctx.run.id} {what}\\n".encode())
    os.close(out)


@client.job(id="order", trigger=event_trigger("order.created"))
async def order(io: IO) -> str:
    await io.run_task("charge", note, "charge")
    await io.wait("100ms")
    await io.run_task("ship", note, "ship")
    return "shipped"
"""


@pytest.fixture
def database() -> Iterator[str]:
    with postgres.server().database() as url:
        yield url


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────
def refused(code: int, folder: Path, url: str, *, key: str = KEY) -> str:
    """The one line that is said before `server` ends with this exit code."""
    env = {"DATABASE_URL": url} | ({"MAINSPRING_API_KEY": key} if key else {})
    done = run_cli("server", "--port", "0", cwd=folder, env=env)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert "Traceback" not in line
    return line


def test_a_database_that_is_down_is_told_and_not_the_password(tmp_path: Path) -> None:
    line = refused(6, tmp_path, f"postgresql://shop:hush@127.0.0.1:{free_port()}/shop")
    assert "postgresql://shop:***@127.0.0.1" in line
    assert "refused" in line
    assert "hush" not in line


def test_a_url_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    line = refused(2, tmp_path, "postgresql://shop:hush@127.0.0.1:port/shop")
    assert "is not understood" in line
    assert "hush" not in line


def test_a_database_that_is_not_there_is_told(tmp_path: Path, database: str) -> None:
    assert '"nowhere" does not exist' in refused(6, tmp_path, database.rpartition("/")[0] + "/nowhere")


def test_pending_migrations_are_left_to_a_person(tmp_path: Path) -> None:
    with postgres.server().database(is_migrated=False) as url:
        assert "mainspring db upgrade" in refused(5, tmp_path, url)
        assert run_cli("db", "upgrade", cwd=tmp_path, env={"DATABASE_URL": url}).returncode == 0
        status = run_cli("db", "status", "--json", cwd=tmp_path, env={"DATABASE_URL": url})
        assert json.loads(status.stdout)["pending"] == []


def test_no_key_is_made_up(tmp_path: Path, database: str) -> None:
    assert "MAINSPRING_API_KEY" in refused(2, tmp_path, database, key="")


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────
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
        """SIGTERM; how long it took, in seconds."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(PATIENCE) == 0, self.output.text()
        return time.monotonic() - began

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@dataclass
class Sender:
    """Sends events to copies in turn; when one does not answer, once more to the next, under the same key."""

    urls: list[str]
    run_ids: list[str] = field(default_factory=list)
    retries: int = 0
    failure: BaseException | None = None
    is_enough: threading.Event = field(default_factory=threading.Event)

    def send_until_enough(self, at_least: int) -> None:
        number = 0
        try:
            while not self.is_enough.is_set() or number < at_least:
                number += 1
                self.run_ids.append(self._send(number))
                self.is_enough.wait(0.02)  # all of a restart is to be met, not a backlog made
        except BaseException as error:
            self.failure = error

    def _send(self, number: int) -> str:
        body = {"name": "order.created", "payload": {}, "idempotency_key": f"o-{number}"}
        try:
            event = ask(self.urls[number % 2], "POST", "/api/v1/events", body)
        except (OSError, urllib.error.HTTPError):
            self.retries += 1
            event = ask(self.urls[(number + 1) % 2], "POST", "/api/v1/events", body)
        (run,) = event["runs"]
        return str(run["id"])


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def test_a_rolling_restart_loses_and_repeats_nothing(tmp_path: Path, database: str) -> None:
    """Two servers and three workers, one restarted after the other while events arrive."""
    (tmp_path / "app.py").write_text(APP)
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    env = {"DATABASE_URL": database, "MAINSPRING_API_KEY": KEY, "EFFECTS": str(tmp_path / "effects")}
    servers = [Process(tmp_path, env, "Serving", "server", "--port", str(port)) for port in ports]
    workers = [
        Process(tmp_path, {**env, "MAINSPRING_API_URL": urls[number % 2]}, "Ready", "worker", "app.py")
        for number in range(3)
    ]
    sender = Sender(urls)
    sending = threading.Thread(target=sender.send_until_enough, args=(200,))
    try:
        for some in (servers, workers):
            for process in [process.start() for process in some]:
                process.wait_until_ready()
        sending.start()
        took = [_restart(process) for process in (*servers, *workers)]
        sender.is_enough.set()
        sending.join(PATIENCE)
        assert sender.failure is None, f"a sender heard of it: {sender.failure!r}"
        assert len(set(sender.run_ids)) == len(sender.run_ids) >= 200
        for run_id in sender.run_ids:
            assert _end(urls[0], run_id)["output"] == "shipped"
        effects = collections.Counter((tmp_path / "effects").read_text().splitlines())
        assert set(effects.values()) == {1}, [what for what, times in effects.items() if times > 1]
        assert len(effects) == 2 * len(sender.run_ids)
        assert max(took) < STOPS_WITHIN
    finally:
        sender.is_enough.set()
        for process in (*workers, *servers):
            process.close()


def _restart(process: Process) -> float:
    took = process.stop()
    process.start().wait_until_ready()
    return took


def _end(url: str, run_id: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        run = ask(url, "GET", f"/api/v1/runs/{run_id}?wait=20")
        if run["finished_at"] is not None:
            return run
    raise AssertionError(f"the run stands still: {run}")


def test_several_workers_of_one_app_are_started_and_drained_together(tmp_path: Path, database: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "DATABASE_URL": database,
        "MAINSPRING_API_KEY": KEY,
        "MAINSPRING_API_URL": url,
        "EFFECTS": str(tmp_path / "effects"),
    }
    server = Process(tmp_path, env, "Serving", "server", "--port", str(port)).start().wait_until_ready()
    fleet = Process(
        tmp_path, env, "2 workers are ready", "worker", "app.py", "--workers", "2", "--concurrency", "3"
    )
    try:
        fleet.start().wait_until_ready()
        shown = [w for w in ask(url, "GET", "/api/v1/workers")["data"] if w["status"] == "ALIVE"]
        assert [worker["slots"] for worker in shown] == [3, 3]
        (run,) = ask(url, "POST", "/api/v1/events", {"name": "order.created", "payload": {}})["runs"]
        assert _end(url, run["id"])["output"] == "shipped"
        fleet.stop()
        assert not any(w["status"] == "ALIVE" for w in ask(url, "GET", "/api/v1/workers")["data"])
        server.stop()
    finally:
        fleet.close()
        server.close()
