"""kill -9 of real workers between an effect and its checkpoint: nothing under `effect="once"` is done twice."""

from collections import Counter
from pathlib import Path

import pytest

from processes import Dev

#: Runs, each of whose tasks kills its worker right after its effect.
RUNS = 2

APP = """
import os
import signal

from mainspring import IO, Client, Done, NotDone, ctx, event_trigger

client = Client("shop")


def charge(amount: int) -> int:
    out = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(out, f"{ctx.idempotency_key}\\n".encode())
    os.close(out)
    os.kill(os.getpid(), signal.SIGKILL)
    return amount


def find(amount: int) -> Done[int] | NotDone:
    with open("ledger") as ledger:
        return Done(amount) if ctx.idempotency_key in ledger.read().split() else NotDone()


@client.job(id="pay", trigger=event_trigger("pay"))
async def pay(payload: int, io: IO) -> int:
    return await io.run_task("charge", charge, payload, effect="once", reconcile=find)


@client.job(id="ask", trigger=event_trigger("ask"))
async def ask(payload: int, io: IO) -> int:
    return await io.run_task("charge", charge, payload, effect="once")


@ask.on_success
async def thank(output: int, io: IO) -> None:
    await io.run_task("thank", lambda: output)
"""


@pytest.fixture
def dev(tmp_path: Path) -> "Dev":
    (tmp_path / "app.py").write_text(APP)
    return Dev.start(tmp_path, "app.py").wait_until_ready()


def test_killed_workers_charge_nobody_twice(dev: Dev, tmp_path: Path) -> None:
    try:
        events = [dev.send(name, n) for n in range(RUNS) for name in ("pay", "ask")]
        runs = {event["runs"][0]["id"]: event["name"] for event in events}
        for run_id, name in runs.items():
            if name == "pay":
                assert dev.finished(run_id)["status"] == "SUCCESS"
                continue
            while not _is_settled(dev, run_id, tmp_path / "ledger"):
                pass  # a neighbour killed the worker before it charged: it is tried again, and asked about again
            assert dev.finished(run_id)["output"] == 7
            again = dev.cli("runs", "settle", run_id, "charge", "--retry")
            assert (again.returncode, "not in doubt" in again.stderr) == (5, True)
        counted = Counter((tmp_path / "ledger").read_text().split())
        assert counted == {f"{run_id}/charge": 1 for run_id in runs}
        usage = dev.cli("runs", "settle", next(iter(runs)), "charge")
        assert (usage.returncode, "--done JSON, --retry or --fail" in usage.stderr) == (2, True)
    finally:
        dev.close()


def _is_settled(dev: Dev, run_id: str, ledger: Path) -> bool:
    """What a person does who is asked: looks into the books, and says what they say."""
    (wait,) = dev.until(run_id, "WAITING")["waiting_for"]
    assert (wait["kind"], wait["task"]) == ("in_doubt", "charge")
    assert "its worker died" in wait["message"]
    is_done = f"{run_id}/charge" in ledger.read_text().split()
    said = dev.cli("runs", "settle", run_id, "charge", *(("--done", "7") if is_done else ("--retry",)))
    assert said.returncode == 0, said.stderr
    return is_done
