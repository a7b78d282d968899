"""`mainspring errors` and `mainspring logs` without a run: what people read, what programs get, what is refused."""

import json

import pytest

from processes import Dev


@pytest.fixture(scope="module")
def failed(dev: Dev) -> str:
    """A run that failed; beside it one that wrote a line."""
    run_id: str = dev.send("break.wanted", {})["runs"][0]["id"]
    dev.finished(run_id)
    dev.finished(dev.send("hello.world", {"who": "Ada"})["runs"][0]["id"])
    return run_id


def test_errors_are_listed_searched_and_shown(dev: Dev, failed: str) -> None:
    (error,) = dev.read("errors")["data"]
    assert (error["job_id"], error["task"], error["last_run_id"]) == ("broken", "charge", failed)
    listed = dev.cli("errors").stdout
    assert error["id"] in listed
    assert "no such card" in listed
    assert dev.read("errors", "--grep", "NO SUCH", "--job", "broken", "--since", "1h")["data"] == [error]
    assert dev.read("errors", "--job", "hello")["data"] == []
    assert "No run has failed so." in dev.cli("errors", "--status", "ignored").stderr
    shown = dev.cli("errors", "get", error["id"]).stdout
    assert "raise ValueError" in shown
    assert failed in shown


def test_an_error_is_resolved_ignored_and_opened_again(dev: Dev, failed: str) -> None:
    (error,) = dev.read("errors")["data"]
    assert "by Ann" in dev.cli("errors", "resolve", error["id"], "--by", "Ann").stdout
    assert [one["id"] for one in dev.read("errors", "--status", "RESOLVED")["data"]] == [error["id"]]
    ignored = json.loads(dev.cli("errors", "ignore", error["id"], "--runs", "3", "--json").stdout)
    assert (ignored["status"], ignored["ignored_runs"]) == ("ignored", 3)
    assert json.loads(dev.cli("errors", "reopen", error["id"], "--json").stdout)["status"] == "unresolved"


def test_lines_of_all_runs_are_searched(dev: Dev, failed: str) -> None:
    assert "composed" in dev.cli("logs").stdout
    found = dev.cli("logs", "--text", "COMPOSED", "--job", "hello", "--since", "1h", "--limit", "5", "--json")
    (line,) = [json.loads(text) for text in found.stdout.splitlines()]
    assert (line["job_id"], line["message"]) == ("hello", "composed")
    assert dev.cli("logs", "--level", "error", "--text", "composed").stdout == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("errors", "get", "err_nope"), "no error 'err_nope'"),
        (("errors", "--status", "lost"), "status"),
        (("errors", "--since", "soon"), "since"),
        (("errors", "ignore", "err_nope", "--runs", "0"), "--runs"),
        (("logs", "--level", "loud"), "Use one of"),
        (("logs", "run_1", "--job", "hello"), "leave it out"),
        (("logs", "--since", "soon"), "since"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_refused_with_the_mend(dev: Dev, asked: tuple[str, ...], said: str) -> None:
    refused = dev.cli(*asked)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
