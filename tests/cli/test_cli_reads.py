"""The commands that look: tables for people, `--json` for programs; and those that change one thing."""

import json
from pathlib import Path

from processes import Dev, run_cli


def started(dev: Dev, name: str, payload: object) -> str:
    run_id: str = dev.send(name, payload)["runs"][0]["id"]
    return run_id


def test_runs_lists_and_gets(dev: Dev) -> None:
    run_id = started(dev, "fetch.wanted", {})
    dev.finished(run_id)
    assert run_id in [run["id"] for run in dev.read("runs", "--job", "flaky")["data"]]
    assert dev.read("runs", "--job", "flaky", "--status", "FAILED")["data"] == []
    assert run_id in dev.cli("runs").stdout

    got = dev.read("runs", "get", run_id)
    (task,) = got["tasks"]
    assert [attempt["status"] for attempt in task["attempts"]] == ["FAILED", "FAILED", "SUCCESS"]
    shown = dev.cli("runs", "get", run_id).stdout
    assert shown.count("ConnectionError: the line is dead") == 2
    assert "SUCCESS" in shown


def test_a_long_list_is_fetched_page_by_page(dev: Dev) -> None:
    for number in range(3):
        dev.finished(started(dev, "hello.world", {"who": str(number)}))
    page = dev.read("runs", "--limit", "2")
    assert len(page["data"]) == 2
    assert page["next_cursor"] is not None


def test_a_run_is_cancelled(dev: Dev) -> None:
    run_id = started(dev, "approval.wanted", {"about": "cancel"})
    dev.until(run_id, "WAITING")
    assert "approval.given" in dev.cli("runs", "get", run_id).stdout
    done = dev.cli("runs", "cancel", run_id)
    assert done.returncode == 0
    assert done.stdout.strip() == run_id
    assert dev.finished(run_id)["status"] == "CANCELLED"


def test_a_run_is_replayed_with_its_payload_or_another(dev: Dev) -> None:
    run_id = started(dev, "hello.world", {"who": "Ada"})
    dev.finished(run_id)
    done = dev.cli("runs", "replay", run_id, "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != run_id
    assert "Hello, Ada!" in done.stderr
    again = json.loads(dev.cli("runs", "replay", run_id, '{"who": "Bob"}', "--wait", "--json").stdout)
    assert again["output"] == {"greeting": "Hello, Bob!"}


def test_many_runs_are_cancelled_and_replayed_by_filter(dev: Dev) -> None:
    about = [started(dev, "approval.wanted", {"about": f"bulk-{n}"}) for n in range(3)]
    for run_id in about:
        dev.until(run_id, "WAITING")
    job = dev.read("runs", "get", about[0])["job_id"]
    which = ("--job", job, "--status", "WAITING")
    assert dev.cli("runs", "cancel", *which, "--dry-run").stdout.strip() == "3 runs"
    done = dev.cli("runs", "cancel", *which, "--reason", "enough")
    assert done.stdout.strip() == "3 of 3 runs, 0 failed", done.stderr
    assert dev.read("runs", "get", about[0])["cancel_reason"] == "enough"
    assert "3 of 3" in dev.cli("runs", "bulks").stdout
    assert [one["action"] for one in dev.read("runs", "bulks")["data"]] == ["cancel"]

    which = ("--job", job, "--status", "CANCELLED")
    count = int(dev.cli("runs", "replay", *which, "--dry-run").stdout.split()[0])
    again = json.loads(dev.cli("runs", "replay", *which, "--json").stdout)
    assert count >= 3
    assert (again["status"], again["done"]) == ("COMPLETED", count)
    assert dev.cli("runs", "cancel").returncode == 2
    assert dev.cli("runs", "cancel", about[0], "--job", job).returncode == 2
    assert dev.cli("runs", "replay", "--job", job).returncode == 2


def test_logs_are_lines_or_ndjson_and_can_be_narrowed(dev: Dev) -> None:
    run_id = started(dev, "hello.world", {"who": "Ada"})
    dev.finished(run_id)
    assert 'composed who="Ada"' in dev.cli("logs", run_id).stdout
    lines = [json.loads(line) for line in dev.cli("logs", run_id, "--json").stdout.splitlines()]
    assert [(line["level"], line["message"], line["fields"]) for line in lines] == [
        ("INFO", "composed", {"who": "Ada"})
    ]
    assert dev.cli("logs", run_id, "--level", "error").stdout == ""
    assert dev.cli("logs", run_id, "--grep", "nothing like it").stdout == ""
    assert dev.cli("logs", run_id, "--level", "loud").returncode == 2


def test_logs_follow_a_run_to_its_end(dev: Dev) -> None:
    run_id = started(dev, "approval.wanted", {"about": "follow"})
    dev.until(run_id, "WAITING")
    dev.send("approval.given", {"by": "Ada"}, id="follow")
    done = dev.cli("logs", run_id, "-f")
    assert done.returncode == 0
    assert "waiting for a person" in done.stdout
    assert dev.finished(run_id)["output"] == "Ada"


def test_jobs_are_listed_shown_and_switched(dev: Dev) -> None:
    assert "hello.world" in dev.cli("jobs").stdout
    assert dev.read("jobs", "get", "price")["payload_schema"]["properties"]["amount"]["type"] == "integer"
    assert "amount" in dev.cli("jobs", "get", "price").stdout
    try:
        assert dev.cli("jobs", "disable", "counter").returncode == 0
        assert dev.read("jobs", "get", "counter")["enabled"] is False
        assert dev.send("count.wanted", {})["runs"] == []
    finally:
        assert dev.cli("jobs", "enable", "counter").returncode == 0
    assert len(dev.send("count.wanted", {})["runs"]) == 1


def test_events_are_listed_shown_and_cancelled(dev: Dev) -> None:
    sent = dev.send("hello.world", {"who": "Ada"}, id="visit-1")
    assert sent["event_id"] in dev.cli("events", "--name", "hello.world").stdout
    for id in (sent["event_id"], "visit-1"):
        assert dev.read("events", "get", id)["runs"][0]["job_id"] == "hello"
    assert "visit-1" in dev.cli("events", "get", sent["event_id"]).stdout

    later = dev.send("hello.world", {}, delay="1 hour")
    assert dev.cli("events", "cancel", later["event_id"]).returncode == 0
    assert dev.read("events", "get", later["event_id"])["cancelled_at"] is not None
    assert dev.cli("events", "cancel", sent["event_id"]).returncode == 5


def test_the_store_is_written_read_listed_and_emptied(dev: Dev) -> None:
    assert dev.cli("store", "set", "colour", '{"name": "red"}').returncode == 0
    assert json.loads(dev.cli("store", "get", "colour").stdout) == {"name": "red"}
    assert dev.read("store", "get", "colour")["version"] == 1
    assert [entry["key"] for entry in dev.read("store", "--prefix", "col")["data"]] == ["colour"]
    assert "colour" in dev.cli("store").stdout
    assert dev.cli("store", "set", "colour", "1", "--job", "hello").returncode == 0
    assert json.loads(dev.cli("store", "get", "colour", "--job", "hello").stdout) == 1
    assert dev.cli("store", "delete", "colour").returncode == 0
    for verb in ("get", "delete"):
        gone = dev.cli("store", verb, "colour")
        assert gone.returncode == 3
        assert gone.stderr.count("\n") == 1
    assert dev.cli("store", "get", "x", "--job", "a", "--run", "b").returncode == 2


def test_workers_show_their_process(dev: Dev) -> None:
    (worker,) = (w for w in dev.read("workers")["data"] if w["status"] == "ALIVE")
    assert worker["name"] == "dev"
    assert "hello" in worker["jobs"]
    assert str(worker["pid"]) in dev.cli("workers").stdout


def test_what_is_not_there_is_not_found(dev: Dev) -> None:
    for arguments in (
        ("runs", "get", "run_none"),
        ("runs", "cancel", "run_none"),
        ("runs", "replay", "run_none"),
        ("logs", "run_none"),
        ("jobs", "get", "none"),
        ("jobs", "disable", "none"),
        ("schedules", "get", "none"),
        ("schedules", "pause", "none"),
        ("schedules", "resume", "none"),
        ("schedules", "run", "none"),
        ("events", "get", "none"),
    ):
        done = dev.cli(*arguments)
        assert done.returncode == 3, (arguments, done.stderr)
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_what_users_wrote_cannot_steer_the_terminal(dev: Dev) -> None:
    run_id = started(dev, "hello.world", {"who": "\x1b[2Jgone [red]"})
    dev.finished(run_id)
    shown = dev.cli("logs", run_id).stdout + dev.cli("runs", "get", run_id).stdout
    assert "\x1b" not in shown
    assert "[red]" in shown


def test_options_for_the_server_may_stand_anywhere(dev: Dev, tmp_path: Path) -> None:
    for arguments in (
        ("--api-url", dev.url, "--api-key", dev.key, "jobs", "--json"),
        ("jobs", "--api-url", dev.url, "--json", f"--api-key={dev.key}"),
    ):
        done = run_cli(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["data"]


def test_a_token_is_made_listed_completed_once_and_shown(dev: Dev) -> None:
    token = dev.read("tokens", "create", "--timeout", "1 hour", "--tag", "refund", "--idempotency-key", "k")
    assert dev.read("tokens", "create", "--idempotency-key", "k")["url"] == token["url"]
    assert [one["id"] for one in dev.read("tokens", "--tag", "refund", "--status", "waiting")["data"]] == [
        token["id"]
    ]
    assert token["id"] in dev.cli("tokens").stdout
    done = dev.cli("tokens", "complete", token["id"], '{"ok": true}', "--by", "Ada")
    assert done.returncode == 0, done.stderr
    again = dev.cli("tokens", "complete", token["id"], "2")
    assert again.returncode != 0
    assert "by Ada" in again.stderr
    shown = dev.cli("tokens", "get", token["id"]).stdout
    assert "Ada" in shown
    assert dev.read("tokens", "get", token["id"])["output"] == {"ok": True}
