"""`check`: whether an app loads, and whether the open runs of a running server could go on with it."""

import json
from typing import Any

from cli.conftest import APP
from processes import Dev

OPEN_KEY = 'wait_for_event("decision"'


def waiting(dev: Dev, about: str) -> str:
    """A run that waits for a person."""
    run_id: str = dev.send("approval.wanted", {"about": about})["runs"][0]["id"]
    dev.until(run_id, "WAITING")
    return run_id


def written(dev: Dev, name: str, old: str = "", new: str = "", more: str = "") -> str:
    (dev.folder / name).write_text(APP.replace(old, new) + more if old else APP + more, encoding="utf-8")
    return name


def found(dev: Dev, app: str, *options: str) -> tuple[int, Any]:
    done = dev.cli("check", app, "--against-url", dev.url, "--job", "approval", "--json", *options)
    return done.returncode, json.loads(done.stdout)


def test_an_app_says_what_it_defines(dev: Dev) -> None:
    done = dev.cli("check", written(dev, "same.py", more='\nprint("hello from the app")\n'), "--json")
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert shown["app"] == "same.py"
    assert {job["id"]: job["trigger"] for job in shown["jobs"]}["hello"] == "on event hello.world"
    assert "hello from the app" in done.stderr
    assert "slow" in dev.cli("check", "same.py").stdout


def test_an_app_that_does_not_load_fails(dev: Dev) -> None:
    done = dev.cli("check", written(dev, "broken.py", more="\nimport nothing_of_that_name\n"))
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stderr
    assert dev.cli("check", "missing.py").returncode == 3


def test_open_runs_are_checked(dev: Dev) -> None:
    run_id = waiting(dev, "check")
    code, shown = found(dev, written(dev, "same.py"))
    assert (code, shown["verdict"], shown["findings"]) == (0, "fits", [])
    assert shown["checked"] == shown["fits"] >= 1

    changed = written(dev, "changed.py", OPEN_KEY, 'wait_for_event("verdict"')
    code, shown = found(dev, changed)
    assert (code, shown["verdict"]) == (1, "breaks")
    (finding,) = shown["findings"]
    assert (finding["kind"], finding["level"], finding["task"]) == ("wait_replaced", "breaking", "decision")
    assert run_id in finding["examples"]
    assert found(dev, changed, "--allow", "wait_replaced")[0] == 0

    told = dev.cli("check", changed, "--against-url", dev.url, "--job", "approval")
    assert told.returncode == 1
    assert "BREAKS  approval: the run waits at 'decision'" in told.stdout
    assert dev.read("runs", "get", run_id)["status"] == "WAITING"


def test_code_that_blocks_is_no_end_of_the_check(dev: Dev) -> None:
    waiting(dev, "block")
    blocks = written(
        dev, "blocks.py", "    event = await", "    __import__('threading').Event().wait()\n    event = await"
    )
    code, shown = found(dev, blocks, "--patience", "0.1s")
    assert (code, shown["verdict"]) == (2, "unknown")
    assert "blocks.py" in shown["unchecked"][0]["reason"]


def test_what_is_wrong_with_the_call_is_said(dev: Dev) -> None:
    done = dev.cli("check", "app.py", "--allow", "everything")
    assert done.returncode == 2
    assert "task_removed" in done.stderr
    assert dev.cli("check", "app.py", "--against-url", "http://127.0.0.1:9").returncode == 6


def test_the_checkpoints_of_a_run_are_shown(dev: Dev) -> None:
    run_id = waiting(dev, "shown")
    assert [one["key"] for one in dev.read("runs", "checkpoints", run_id)["checkpoints"]] == ["decision"]
    assert "decision" in dev.cli("runs", "checkpoints", run_id).stdout
