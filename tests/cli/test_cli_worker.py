"""`worker APP` beside a running platform, and what happens when workers or the platform die while one follows."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from processes import MAINSPRING, Dev, Output, clean_environment, run_cli

Launch = Callable[..., Dev]

FIRST = """
import os

from mainspring import IO, Client, event_trigger

client = Client("first")


@client.job(id="poison", trigger=event_trigger("poison"))
async def poison(io: IO) -> None:
    os._exit(3)


@client.job(id="approval", trigger=event_trigger("approval.wanted"))
async def approval(io: IO) -> str:
    await io.wait_for_event("decision", name="approval.given")
    return "given"
"""

SECOND = """
from mainspring import Client, event_trigger

client = Client("second")


@client.job(id="extra", trigger=event_trigger("extra.wanted"))
async def extra() -> str:
    return "from the second worker"
"""


def start(folder: Path, *arguments: str) -> tuple["subprocess.Popen[str]", Output]:
    process = subprocess.Popen(
        [*MAINSPRING, *arguments],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    return process, Output(process.stdout)


def test_a_second_worker_brings_its_jobs_and_drains(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "app.py").write_text(FIRST)
    (tmp_path / "second.py").write_text(SECOND)
    dev = launch(tmp_path, "app.py").wait_until_ready()
    worker, said = start(tmp_path, "worker", "second.py", "--name", "second", "--concurrency", "3")
    said.wait_for(r"^Registered job: extra$")
    said.wait_for("Ready")
    assert dev.finished(dev.send("extra.wanted", {})["runs"][0]["id"])["output"] == "from the second worker"
    (shown,) = (w for w in dev.read("workers")["data"] if w["name"] == "second")
    assert (shown["slots"], shown["jobs"]) == (3, ["extra"])

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert "Draining 0 runs" in said.to_end()


def test_an_operator_drains_a_fleet_one_by_one(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "app.py").write_text(FIRST)
    (tmp_path / "second.py").write_text(SECOND)
    dev = launch(tmp_path, "app.py").wait_until_ready()
    fleet, said = start(tmp_path, "worker", "second.py", "--name", "second", "--workers", "2")
    said.wait_for("2 workers are ready")
    first, second = [w["id"] for w in dev.read("workers")["data"] if w["name"] == "second"]
    drained = dev.cli("workers", "drain", first, "--by", "ann")
    assert drained.returncode == 0, drained.stderr
    assert "told to take nothing more" in drained.stdout
    said.wait_for(r"Worker \d was drained by an operator, and has left")
    assert fleet.poll() is None, "the other one goes on"
    assert dev.finished(dev.send("extra.wanted", {})["runs"][0]["id"])["output"] == "from the second worker"
    assert dev.cli("workers", "drain", second, "--json").returncode == 0
    assert fleet.wait(60) == 0
    (gone,) = (w for w in dev.read("workers")["data"] if w["id"] == first)
    assert (gone["status"], gone["message"], gone["drain"]["by"]) == ("GONE", "it left", "ann")
    assert dev.cli("workers", "drain", first).returncode == 5


def test_a_worker_needs_an_app_and_a_server(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SECOND)
    missing = run_cli("--api-key", "tr_dev_key1", "worker", "nowhere.py", cwd=tmp_path)
    assert missing.returncode == 3
    assert missing.stderr.count("\n") == 1
    keyless = run_cli("worker", "app.py", cwd=tmp_path)
    assert keyless.returncode == 4
    assert keyless.stderr.count("\n") == 1


def test_a_worker_with_a_wrong_key_is_refused(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "app.py").write_text(SECOND)
    dev = launch(tmp_path).wait_until_ready()
    refused = dev.cli("worker", "app.py", "--api-key", "tr_dev_wrong1")
    assert refused.returncode == 4
    assert "tr_dev_wrong1" not in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_poison_run_is_failed_and_the_platform_goes_on(tmp_path: Path, launch: Launch) -> None:
    (tmp_path / "app.py").write_text(FIRST)
    dev = launch(tmp_path).wait_until_ready()
    done = dev.cli("send", "poison", "--wait")
    assert done.returncode == 1
    assert "WorkerCrashed" in done.stderr
    dev.output.wait_for(r"ended with exit code 3; what it held goes on")
    run_id = dev.send("approval.wanted", {})["runs"][0]["id"]
    dev.send("approval.given", {})
    assert dev.finished(run_id)["output"] == "given"


def test_a_fleet_tells_what_its_workers_died_of(tmp_path: Path, launch: Launch) -> None:
    """So a poison run is failed by its third fault, at once each time."""
    (tmp_path / "app.py").write_text(FIRST)
    (tmp_path / "second.py").write_text(SECOND)
    dev = launch(tmp_path, "second.py").wait_until_ready()
    fleet, said = start(tmp_path, "worker", "app.py", "--workers", "2")
    said.wait_for("2 workers are ready")
    run_id = dev.send("poison", {})["runs"][0]["id"]
    error = dev.finished(run_id)["error"]
    assert error["code"] == "worker_crashed"
    assert "3 times" in error["message"]
    assert "exit code 3" in error["message"]
    fleet.send_signal(signal.SIGTERM)
    assert fleet.wait(60) == 0


def test_following_goes_on_when_everything_is_killed_and_started_again(
    tmp_path: Path, launch: Launch
) -> None:
    (tmp_path / "app.py").write_text(FIRST)
    dev = launch(tmp_path).wait_until_ready()
    follower, told = start(tmp_path, "send", "approval.wanted", "--wait")
    told.wait_for("waits for event 'approval.given'")
    dev.kill_everything()
    told.wait_for("trying again")
    again = launch(tmp_path, port=dev.port).wait_until_ready()
    again.send("approval.given", {})
    assert follower.wait(60) == 0
    assert '"given"' in told.to_end()
