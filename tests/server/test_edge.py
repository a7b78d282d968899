"""What every request meets first and last: its id, the Host guard, unknown routes, faults of ours, health."""

import logging
from pathlib import Path
from typing import Any

import pytest

from mainspring.clock import from_iso
from mainspring.errors import DatabaseUnavailable, Forbidden
from mainspring.server.edge import Guard
from mainspring.version import __version__
from stage import Stage, staged


# ── request ids ──────────────────────────────────────────────────────────────────────────────────────
async def test_a_request_id_is_taken_over(stage: Stage) -> None:
    response = await stage.request("GET", "/api/v1/runs", headers={"X-Request-Id": "trace-1.a:b"})
    assert response.headers["x-request-id"] == "trace-1.a:b"


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "a\tb", "<script>"])
async def test_a_request_id_is_made_where_none_fits(stage: Stage, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    ids = {
        (await stage.request("GET", "/healthz", headers=headers)).headers["x-request-id"] for _ in range(2)
    }
    assert len(ids) == 2
    assert all(len(request_id) == 32 for request_id in ids)


# ── hosts ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("host", ["127.0.0.1:2020", "localhost", "LOCALHOST:80", "[::1]:2020"])
async def test_dev_answers_on_its_own_names(stage: Stage, host: str) -> None:
    assert (await stage.request("GET", "/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:2020", ""]
)
async def test_dev_refuses_foreign_hosts(stage: Stage, host: str) -> None:
    problem = await stage.refused(403, "GET", "/healthz", headers={"Host": host})
    assert problem["code"] == "forbidden"
    assert "evil" not in problem["detail"]


def test_listening_everywhere_takes_any_address_but_no_foreign_name() -> None:
    guard = Guard.development("0.0.0.0")
    guard.check("192.168.1.7:2020")
    guard.check("[2001:db8::1]:2020")
    for foreign in ("evil.example", "0.0.0.0.evil.example", "0x7f000001"):
        with pytest.raises(Forbidden):
            guard.check(foreign)
    Guard.development("my-laptop.local").check("my-laptop.local:2020")
    Guard().check("any.example")


# ── routes that are not there ────────────────────────────────────────────────────────────────────────
async def test_an_unknown_route_is_a_problem(stage: Stage) -> None:
    for path in ("/nope", "/api/v1", "/api/v1/events/", "/api/v2/runs", "/docs"):
        problem = await stage.refused(404, "GET", path)
        assert problem["code"] == "no_such_route"
        assert path in problem["detail"]


async def test_an_unknown_method_names_those_that_there_are(stage: Stage) -> None:
    response = await stage.request("DELETE", "/api/v1/events")
    problem = await stage.refused(405, "DELETE", "/api/v1/events")
    assert problem["code"] == "method_not_allowed"
    assert response.headers["allow"] == "GET, POST"
    assert "GET, POST" in problem["detail"]
    assert (await stage.request("GET", "/worker/v1/claim")).headers["allow"] == "POST"


async def test_a_nul_in_the_path_is_refused(stage: Stage) -> None:
    assert (await stage.refused(400, "GET", "/api/v1/runs/a%00b"))["code"] == "bad_request"


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/events"])
async def test_a_fault_of_ours_shows_nothing_of_itself(
    stage: Stage, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.ask("GET", "/api/v1/jobs")  # the key is remembered, so that its lookup does not fail first

    async def broken(*_: Any) -> None:
        raise RuntimeError("s3cret in a traceback")

    monkeypatch.setattr(stage.platform.engine, "read", broken)
    with caplog.at_level(logging.ERROR):
        problem = await stage.refused(500, "GET", path)
    assert problem["code"] == "internal_error"
    assert "s3cret" not in str(problem)
    assert problem["request_id"] in caplog.text
    assert "s3cret" in caplog.text


async def test_a_database_out_of_reach_is_503(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.ask("GET", "/api/v1/jobs")

    async def unreachable(*_: Any) -> None:
        raise DatabaseUnavailable("the disk is full")

    monkeypatch.setattr(stage.platform.engine, "send_events", unreachable)
    problem = await stage.refused(503, "POST", "/api/v1/events", {"name": "a", "payload": 1})
    assert problem["code"] == "database_unavailable"
    assert "disk is full" in problem["detail"]


async def test_who_leaves_before_the_request_is_through_is_no_fault(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.ask("GET", "/api/v1/jobs")
    said: list[Any] = []

    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def hear(message: Any) -> None:
        said.append(message)

    headers = [(name.encode(), value.encode()) for name, value in stage.http.headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/events", "raw_path": b"", "query_string": b""}
    scope |= {"headers": [*headers, (b"host", b"localhost")], "state": {}, "root_path": ""}
    with caplog.at_level(logging.ERROR):
        await stage.platform.app(scope, leave, hear)
    assert (said, caplog.text) == ([], "")


# ── health ───────────────────────────────────────────────────────────────────────────────────────────
async def test_health_needs_no_key(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        del stage.http.headers["authorization"]
        health = await stage.ask("GET", "/healthz")
        assert (health["status"], health["version"]) == ("ok", __version__)
        assert from_iso(health["now"])
        assert await stage.ask("GET", "/readyz") == {"ready": True, "reasons": []}


async def test_a_stopping_server_is_not_ready(stage: Stage) -> None:
    stage.platform.stop_serving()
    response = await stage.request("GET", "/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "reasons": ["the server is stopping"]}
    assert (await stage.request("GET", "/healthz")).status_code == 200


async def test_a_database_out_of_reach_is_a_reason(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise DatabaseUnavailable("the disk is gone")

    monkeypatch.setattr(stage.platform.database, "read", unreachable)
    response = await stage.request("GET", "/readyz")
    assert response.status_code == 503
    (reason,) = response.json()["reasons"]
    assert "the disk is gone" in reason
