"""PostgreSQL down, closed to us, too old, or gone for a while: what `server`, `dev` and `worker` say, and do."""

import json
import socket
import struct
import threading
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

import postgres
from copies import KEY, Process, ask, ended
from ports import free_port
from processes import Dev, run_cli

APP = """
from mainspring import IO, Client, event_trigger

client = Client("shop")


@client.job(id="order", trigger=event_trigger("order.created"))
async def order(payload: dict[str, str], io: IO) -> str:
    await io.run_task("charge", lambda: None)
    await io.wait_for_event("paid", name="order.paid", id=payload["id"])
    return "shipped"
"""

COMMANDS = pytest.mark.parametrize("command", ["server", "dev"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.fixture(scope="module")
def own() -> Iterator[postgres.OwnServer]:
    postgres.require_programs()
    own = postgres.OwnServer()
    words = sql.SQL("create role {} login password {}")
    own.execute(words.format(sql.Identifier(postgres.GUARDED), sql.Literal(postgres.PASSWORD)))
    yield own
    own.remove()


# ── at the start ─────────────────────────────────────────────────────────────────────────────────────
def refused(command: str, folder: Path, url: str) -> str:
    """The one line it says before it ends with the exit code for a database that cannot be used."""
    done = run_cli(command, "--port", "0", cwd=folder, env={"DATABASE_URL": url, "MAINSPRING_API_KEY": KEY})
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line


@COMMANDS
def test_one_that_is_down_is_told(command: str, folder: Path) -> None:
    line = refused(command, folder, f"postgresql://shop:hush@127.0.0.1:{free_port()}/shop")
    assert "postgresql://shop:***@127.0.0.1" in line
    assert "Connection refused. Check the URL" in line
    assert "hush" not in line


@COMMANDS
def test_a_wrong_password_is_told_and_not_shown(command: str, folder: Path, own: postgres.OwnServer) -> None:
    line = refused(command, folder, f"postgresql://{postgres.GUARDED}:wrong@127.0.0.1:{own.port}/postgres")
    assert f'password authentication failed for user "{postgres.GUARDED}". Put the user and the pass' in line
    assert "wrong" not in line


@COMMANDS
def test_a_name_that_is_not_there_is_told(command: str, folder: Path, own: postgres.OwnServer) -> None:
    assert 'database "nowhere" does not exist. Create it' in refused(command, folder, own.url_of("nowhere"))


@COMMANDS
def test_one_too_old_is_told(command: str, folder: Path) -> None:
    with of_version("13.12") as url:
        line = refused(command, folder, url)
    assert "PostgreSQL 13 is too old: 14 or newer is needed. Upgrade the database server." in line


@contextmanager
def of_version(version: str) -> Iterator[str]:
    """Someone who says on the wire that he is that PostgreSQL, for there is none so old to be had; nothing else."""
    said = {"server_version": version, "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while struct.unpack("!ii", connection.recv(8))[1] != 3 << 16:
                    connection.sendall(b"N")  # neither TLS nor GSS
                connection.recv(10_000)
                connection.sendall(message(b"R", struct.pack("!i", 0)))
                for name, value in said.items():
                    connection.sendall(message(b"S", f"{name}\0{value}\0".encode()))
                connection.sendall(message(b"Z", b"I"))
                while connection.recv(10_000):
                    pass

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f"postgresql://shop@127.0.0.1:{listener.getsockname()[1]}/shop"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


# ── gone, and back ───────────────────────────────────────────────────────────────────────────────────
def test_server_and_workers_outlive_an_outage(folder: Path, own: postgres.OwnServer) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with own.database() as database:
        env = {"DATABASE_URL": database, "MAINSPRING_API_KEY": KEY, "MAINSPRING_API_URL": url}
        server = Process(folder, env, "Serving", "server", "--port", str(port))
        early, late = (Process(folder, env, "Ready", "worker", "app.py") for _ in range(2))
        try:
            early.start().output.wait_for("the registration gets no answer, still trying: nothing answers")
            server.start().wait_until_ready()
            early.wait_until_ready()
            (run,) = send(url, "order.created", "a")["runs"]
            until(lambda: ask(url, "GET", f"/api/v1/runs/{run['id']}")["status"] == "WAITING")
            with gone(own):
                assert problem(lambda: send(url, "order.paid", "a"))["code"] == "database_unavailable"
                late.start().output.wait_for("the registration gets no answer, still trying: the server")
                server.output.wait_for("the engine's lookout goes on after: .* refused")
            until(lambda: send(url, "order.paid", "a"))
            assert ended(url, run["id"])["output"] == "shipped"
            server.output.wait_for("the engine's lookout works again")
            late.wait_until_ready()
            for process in (early, late, server):
                process.stop()
                assert "Traceback" not in process.output.to_end()
            for told in (
                "hints are lost",
                "lookout goes on after",
            ):  # by each of two loops, and of each state
                assert server.output.text().count(told) <= 8, "a line each time it looks"
        finally:
            for process in (early, late, server):
                process.close()


def test_dev_outlives_an_outage(folder: Path, own: postgres.OwnServer, launch: Callable[..., Dev]) -> None:
    with own.database() as database:
        dev = launch(folder, env={"DATABASE_URL": database}).wait_until_ready()
        run_id = dev.send("order.created", {"id": "a"})["runs"][0]["id"]
        dev.until(run_id, "WAITING")
        paid = {"name": "order.paid", "payload": {}, "id": "a", "idempotency_key": "paid"}
        with gone(own):
            status, answer = dev.request("POST", "/api/v1/events", paid)
            assert (status, answer["code"]) == (503, "database_unavailable")
        until(lambda: dev.request("POST", "/api/v1/events", paid)[0] == 200)
        assert dev.finished(run_id)["output"] == "shipped"
        assert dev.stop() == 0
        assert "Traceback" not in dev.output.to_end()


@contextmanager
def gone(own: postgres.OwnServer) -> Iterator[None]:
    own.kill()
    try:
        yield
    finally:
        own.start()


def send(url: str, name: str, correlation: str) -> Any:
    body = {"name": name, "payload": {"id": correlation}, "id": correlation, "idempotency_key": name}
    return ask(url, "POST", "/api/v1/events", body)


def problem(call: Callable[[], object]) -> Any:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        call()
    return json.loads(refusal.value.read())


def until(ask: Callable[[], object]) -> None:
    """Asks until the answer is yes; a database that was killed recovers first."""
    deadline = threading.Event()
    timer = threading.Timer(postgres.PATIENCE, deadline.set)
    timer.start()
    try:
        while not deadline.is_set():
            try:
                if ask():
                    return
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
        raise AssertionError("the answer stays no")
    finally:
        timer.cancel()
