"""`server` and `worker` apart, on one PostgreSQL: bad input is told in a line, and several workers are one fleet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres
from copies import KEY, Process, ask, ended
from ports import free_port
from processes import run_cli

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


def test_a_url_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    line = refused(2, tmp_path, "postgresql://shop:hush@127.0.0.1:port/shop")
    assert "is not understood" in line
    assert "hush" not in line


def test_pending_migrations_are_left_to_a_person(tmp_path: Path) -> None:
    with postgres.server().database(is_migrated=False) as url:
        assert "mainspring db upgrade" in refused(5, tmp_path, url)
        assert run_cli("db", "upgrade", cwd=tmp_path, env={"DATABASE_URL": url}).returncode == 0
        status = run_cli("db", "status", "--json", cwd=tmp_path, env={"DATABASE_URL": url})
        assert json.loads(status.stdout)["pending"] == []


def test_no_key_is_made_up(tmp_path: Path, database: str) -> None:
    assert "MAINSPRING_API_KEY" in refused(2, tmp_path, database, key="")


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────
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
        assert ended(url, run["id"])["output"] == "shipped"
        fleet.stop()
        assert not any(w["status"] == "ALIVE" for w in ask(url, "GET", "/api/v1/workers")["data"])
        server.stop()
    finally:
        fleet.close()
        server.close()
