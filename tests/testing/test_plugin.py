"""The plugin in test sessions of users: however they run their async tests, and what it tells them at the end."""

import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from mainspring import IO, Client

client = Client("shop")

@client.on("order.created")
async def fulfil(payload: dict[str, int], io: IO) -> int:
    charged = await io.run_task("charge", lambda: payload["amount"])
    await io.wait("1 day")
    return charged
"""

BODY = """
    event = await mainspring.send_event("order.created", {"amount": 3})
    run = mainspring.run_of(event)
    assert run.status == "WAITING"
    assert [one.id for one in mainspring.runs] == [run.id]
    await mainspring.advance("1 day")
    assert run.output == 3
"""

STRICT = f"""
import pytest, pytest_asyncio

@pytest.mark.asyncio
async def test_one(mainspring):{BODY}
@pytest.mark.asyncio
async def test_other(mainspring):{BODY}
class TestShop:
    @pytest.mark.asyncio
    @pytest.mark.parametrize("days", [1, 2])
    async def test_in_a_class(self, mainspring, days):
        run = mainspring.run_of(await mainspring.send_event("order.created", {{"amount": days}}))
        await mainspring.advance(f"{{days}} days")
        assert run.output == days

@pytest_asyncio.fixture
async def paid(mainspring):
    return mainspring.run_of(await mainspring.send_event("order.created", {{"amount": 3}}))

@pytest.mark.asyncio
async def test_a_fixture_of_the_test_uses_it_too(mainspring, paid):
    await mainspring.advance("1 day")
    assert paid.output == 3
"""

ANYIO = f"""
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_one(mainspring):{BODY}
@pytest.mark.anyio
async def test_other(mainspring):{BODY}
"""

TOLD = """
from app import client

async def test_a_name_that_never_ran(mainspring):
    mainspring.fail(task="chrage")
    await mainspring.send_event("order.created", {"amount": 3})

def test_fewer_times_than_planned(mainspring):
    mainspring.fail(task="charge", times=9, error=ValueError)
    mainspring.sync.send_event("order.created", {"amount": 3})
    mainspring.sync.advance("10 minutes")

async def test_an_own_failure_comes_first(mainspring):
    mainspring.crash_after("nothing")
    assert 1 == 2

async def test_a_worker_that_dies_leaves_no_warning(mainspring):
    mainspring.crash_after("charge")
    await mainspring.send_event("order.created", {"amount": 3})
    await mainspring.restart()
"""


def _scope(scope: str) -> list[str]:
    """How long an event loop lasts."""
    return [f"--override-ini=asyncio_default_{whose}_loop_scope={scope}" for whose in ("test", "fixture")]


def session(folder: Path, text: str, *options: str) -> str:
    """What pytest says of a file of tests, in a process of its own."""
    (folder / "app.py").write_text(APP)
    ini = "[pytest]\nmainspring_client = app:client\npythonpath = .\n"
    (folder / "pytest.ini").write_text(ini)
    (folder / "test_shop.py").write_text(text)
    run = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *options]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


GATED = """
import asyncio
from mainspring import IO, Client

async def test_what_only_the_test_can_bring_is_not_waited_for(mainspring):
    client, gate = Client("gates"), asyncio.Event()

    @client.job(id="gated")
    async def gated(io: IO) -> bool:
        return await io.run_task("gate", gate.wait)

    run = await mainspring.trigger(gated)
    assert run.status == "RUNNING"
    assert run.tasks["gate"].status == "RUNNING"
    gate.set()
    await mainspring.settle()
    assert run.output is True
"""


def test_what_only_the_test_can_bring_is_not_waited_for(tmp_path: Path) -> None:
    said = session(tmp_path, GATED, "-o", "asyncio_mode=auto", *_scope("function"))
    assert "1 passed" in said, said


@pytest.mark.parametrize(
    ("text", "options", "passed"),
    [
        (STRICT, ["-o", "asyncio_mode=strict", *_scope("function")], 5),
        (STRICT, ["-o", "asyncio_mode=auto", *_scope("module")], 5),
        (ANYIO, ["-p", "no:asyncio"], 2),
    ],
    ids=["strict", "auto-module", "anyio"],
)
def test_async_tests_run_as_their_users_run_them(
    tmp_path: Path, text: str, options: list[str], passed: int
) -> None:
    said = session(tmp_path, text, *options)
    assert f"{passed} passed" in said, said
    assert "warning" not in said, said


def test_a_fault_that_never_came_is_told_at_the_end(tmp_path: Path) -> None:
    said = session(tmp_path, TOLD, "-o", "asyncio_mode=auto", *_scope("function"))
    assert "3 failed, 1 passed" in said, said
    assert "fail('chrage') did not come to pass: no such task ran; did you mean 'charge'?" in said
    assert "fail('charge') did not come to pass: it came 3 times, 6 fewer than planned" in said
    assert "crash_after('nothing')" not in said.replace('mainspring.crash_after("nothing")', "")
    assert "assert 1 == 2" in said


def test_the_plugin_costs_a_session_that_does_not_use_it_nothing() -> None:
    loaded = "import sys, mainspring.pytest_plugin; print(sorted(sys.modules))"
    said = subprocess.check_output([sys.executable, "-c", loaded], text=True)
    assert "'mainspring.pytest_plugin'" in said
    for module in ("mainspring.engine", "sqlite3", "fastapi", "mainspring.testing.environment"):
        assert f"'{module}'" not in said
