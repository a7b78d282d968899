"""kill -9 of the worker that holds a parent and its children, a thousand in one batch, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

import postgres
from copies import KEY, Process, ask, ended
from ports import free_port
from processes import run_cli

CHILDREN = 1_000
FAILS, IS_CANCELLED = 500, 999
SLOTS = 20

APP = f"""
import os
from typing import Any

from mainspring import IO, Client, NonRetryable

client = Client("fleet")


def note(what: str) -> None:
    out = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, f"{{what}}\\n".encode())
    os.close(out)


@client.job(id="child")
async def child(payload: int, io: IO) -> int:
    if payload == {FAILS}:
        raise NonRetryable("no five hundreds")
    if payload == {IS_CANCELLED}:
        await io.wait("1 day")
    await io.run_task("work", note, f"child {{payload}}")
    return payload * 2


@client.job(id="parent")
async def parent() -> list[Any]:
    note("parent began")
    results = await child.batch_trigger_and_wait(range({CHILDREN}))
    note("parent woke")
    return [[one.run_id, one.status, one.output] for one in results]
"""

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(f"sqlite:///{folder / 'kept.db'}"),
    "postgres": lambda folder: postgres.server().database(),
}


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with DATABASES[request.param](tmp_path) as url:
        yield url


def pages(url: str, query: str) -> Iterator[Any]:
    """Runs that the API lists, page after page."""
    cursor: str | None = ""
    while cursor is not None:
        page = ask(url, "GET", f"/api/v1/runs?{query}&limit=200{cursor and f'&cursor={cursor}'}")
        yield from page["data"]
        cursor = page["next_cursor"]


def effects(folder: Path) -> list[str]:
    kept = folder / "effects"
    return kept.read_text().splitlines() if kept.exists() else []


def test_a_parent_of_a_thousand_survives_the_kill_of_its_worker(tmp_path: Path, database: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "DATABASE_URL": database,
        "MAINSPRING_API_KEY": KEY,
        "MAINSPRING_API_URL": url,
        "MAINSPRING_HEARTBEAT_EVERY": "1s",
        "MAINSPRING_LEASE_TIMEOUT": "3s",
        "EFFECTS": str(tmp_path / "effects"),
    }
    server = Process(tmp_path, env, "Serving", "server", "--port", str(port))
    workers = [
        Process(tmp_path, env, "Ready", "worker", "app.py", "--concurrency", str(SLOTS)) for _ in range(2)
    ]
    try:
        assert run_cli("db", "upgrade", cwd=tmp_path, env=env).returncode == 0
        server.start().wait_until_ready()
        workers[0].start().wait_until_ready()
        parent = ask(url, "POST", "/api/v1/jobs/parent/trigger", {"payload": None})["id"]
        while len(effects(tmp_path)) < 1 + CHILDREN // 4:
            assert ask(url, "GET", f"/api/v1/runs/{parent}?wait=0.1")["finished_at"] is None
        assert ask(url, "GET", f"/api/v1/runs/{parent}")["status"] == "WAITING"
        workers[0].kill()
        workers[1].start().wait_until_ready()
        children = {}
        while sum(child["finished_at"] is not None for child in children.values()) < CHILDREN - 1:
            children = {child["id"]: child for child in pages(url, "job=child")}
        (left,) = [child["id"] for child in children.values() if child["finished_at"] is None]
        assert children[left]["payload"] == IS_CANCELLED
        ask(url, "POST", f"/api/v1/runs/{left}/cancel")
        output = ended(url, parent)["output"]
        assert [children[run_id]["payload"] for run_id, _, _ in output] == list(range(CHILDREN))
        ends = {FAILS: ["FAILED", None], IS_CANCELLED: ["CANCELLED", None]}
        assert [one[1:] for one in output] == [ends.get(n, ["SUCCESS", 2 * n]) for n in range(CHILDREN)]
        assert len(list(pages(url, "job=child"))) == CHILDREN
        _check_effects(effects(tmp_path))
        history = ask(url, "GET", f"/api/v1/runs/{parent}/history")["data"]
        kinds = [entry["kind"] for entry in history]
        assert kinds.count("WAIT_RESOLVED") == kinds.count("JOB_RESUMED") == 1
    finally:
        for process in (*workers, server):
            process.close()


def _check_effects(done: list[str]) -> None:
    """Only what was at work when the worker died was done again."""
    children = [what for what in done if what.startswith("child")]
    assert set(children) == {f"child {n}" for n in range(CHILDREN) if n not in (FAILS, IS_CANCELLED)}
    assert len(children) - len(set(children)) <= SLOTS
    assert done.count("parent woke") == 1
    assert done.count("parent began") == 2
