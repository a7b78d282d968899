"""Groups of failures over HTTP: listed, shown, resolved, ignored, reopened; their runs, replayed together."""

from typing import Any

import pytest

from mainspring.model.failures import Failure
from mainspring.model.protocol import RunAttemptFailed
from stage import Stage, job

ERRORS = "/api/v1/errors"


async def fail(stage: Stage, message: str = "no stock", type: str = "ValueError") -> str:
    """A run that fails so."""
    worker = await stage.work(job("pay"))
    await stage.ask("POST", "/api/v1/jobs/pay/trigger", {"payload": {"card": "4242"}})
    run = await worker.claim_one()
    failure = Failure(type, message, traceback="Traceback: here")
    await worker.report(run, RunAttemptFailed(failure, 1_000, None))
    return run.run_id


async def one(stage: Stage, **params: Any) -> Any:
    (found,) = (await stage.ask("GET", ERRORS, params=params))["data"]
    return found


async def test_a_group_is_listed_and_shown(stage: Stage) -> None:
    assert (await stage.ask("GET", ERRORS))["data"] == []
    await fail(stage, "no stock of 1")
    run_id = await fail(stage, "no stock of 2")
    group = await one(stage)
    assert (group["job_id"], group["task"], group["type"]) == ("pay", None, "ValueError")
    assert (group["message"], group["runs"], group["status"]) == ("no stock of 2", 2, "unresolved")
    assert (group["last_run_id"], group["came_back_at"]) == (run_id, None)
    assert (group["counts"]["every"], group["counts"]["runs"]) == (3600.0, [0] * 23 + [2])
    shown = await stage.ask("GET", f"{ERRORS}/{group['id']}", params={"counts": "7d"})
    assert (len(shown["counts"]["runs"]), sum(shown["counts"]["runs"])) == (28, 2)
    assert shown["last_error"]["traceback"] == "Traceback: here"
    assert [(version["version"], version["runs"]) for version in shown["versions"]] == [("1.0.0", 2)]
    assert shown["history"] == []
    assert (await stage.ask("GET", f"/api/v1/runs/{run_id}"))["error_id"] == group["id"]
    waited = await stage.ask("GET", f"/api/v1/runs/{run_id}", params={"wait": 1})
    assert waited["error_id"] == group["id"]


async def test_lists_are_narrowed(stage: Stage) -> None:
    await fail(stage)
    assert (await one(stage, text="STOCK", job="pay", status="unresolved", since="1h"))["runs"] == 1
    for params in ({"text": "other"}, {"job": "ship"}, {"status": "ignored"}):
        assert (await stage.ask("GET", ERRORS, params=params))["data"] == []


async def test_it_is_resolved_comes_back_and_is_ignored(stage: Stage) -> None:
    await fail(stage)
    path = f"{ERRORS}/{(await one(stage))['id']}"
    resolved = await stage.ask("POST", f"{path}/resolve", {"by": "ann"})
    assert (resolved["status"], resolved["resolved_by"]) == ("resolved", "ann")
    run_id = await fail(stage)
    back = await stage.ask("GET", path)
    assert (back["status"], back["came_back_at"]) == ("unresolved", back["last_seen_at"])
    ignored = await stage.ask("POST", f"{path}/ignore", {"for": "1 day", "runs": 2})
    assert (ignored["status"], ignored["ignored_runs"], ignored["came_back_at"]) == ("ignored", 2, None)
    assert ignored["ignored_by"].startswith("key_")
    await fail(stage)
    assert (await stage.ask("GET", path))["ignored_runs"] == 1
    opened = await stage.ask("POST", f"{path}/reopen")
    assert (opened["status"], opened["ignored_until"]) == ("unresolved", None)
    told = [(change["kind"], change["by"], change["run_id"]) for change in opened["history"]]
    key = ignored["ignored_by"]
    assert told == [
        ("reopened", key, None),
        ("ignored", key, None),
        ("came_back", None, run_id),
        ("resolved", "ann", None),
    ]


async def test_the_runs_of_a_group_are_listed_and_replayed(stage: Stage) -> None:
    failed = [await fail(stage) for _ in range(3)]
    await fail(stage, type="KeyError")
    id = (await stage.ask("GET", f"/api/v1/runs/{failed[0]}"))["error_id"]
    found = await stage.ask("GET", "/api/v1/runs", params={"error": id})
    assert [run["id"] for run in found["data"]] == failed[::-1]
    assert {run["error_id"] for run in found["data"]} == {id}
    asked = {"action": "replay", "filter": {"error": id}, "dry_run": True}
    assert (await stage.ask("POST", "/api/v1/runs/bulk", asked))["total"] == 3


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("ignore", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("ignore", {"until": "2036-01-01T00:00:00Z", "for": "1 day"}, "body"),
        ("ignore", {"for": "soon"}, "for"),
        ("ignore", {"runs": 0}, "runs"),
        ("resolve", {"by": ""}, "by"),
        ("resolve", {"who": "ann"}, "who"),
    ],
)
async def test_what_is_said_wrong_is_refused(stage: Stage, path: str, body: Any, field: str) -> None:
    await fail(stage)
    problem = await stage.refused(400, "POST", f"{ERRORS}/{(await one(stage))['id']}/{path}", body)
    assert [error["path"] for error in problem["errors"]] == [field]


async def test_what_is_not_there(stage: Stage) -> None:
    for method, path in (("GET", ""), ("POST", "/resolve"), ("POST", "/ignore"), ("POST", "/reopen")):
        problem = await stage.refused(404, method, f"{ERRORS}/err_nope{path}")
        assert "no error 'err_nope'" in problem["detail"]
    await stage.refused(400, "GET", ERRORS, params={"cursor": "what"})
    await stage.refused(400, "GET", ERRORS, params={"status": "open"})
