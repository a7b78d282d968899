"""The worker protocol over HTTP: versioned, checked, safe to send twice; a claim ends with its connection."""

import asyncio
from typing import Any

import pytest
from pydantic_core import to_json

from mainspring.clock import SECOND
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    ClaimRequest,
    Farewell,
    Heartbeat,
    LogWritten,
    Registration,
    RunReleased,
    RunSucceeded,
    StoreUsed,
    TaskAttemptFailed,
    TaskStarted,
    WaitStarted,
)
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import TaskLabel
from mainspring.model.waits import WaitSpec
from mainspring.server.worker_protocol import WORKER_ROUTES
from mainspring.storage.shapes import WORKER
from stage import URL, Stage, job

PATH = "/worker/v1"
VERSION = {"Mainspring-Protocol": "1"}
TASK = TaskLabel("a", "task", "A")


async def say(stage: Stage, verb: str, message: Any) -> Any:
    return await stage.ask("POST", f"{PATH}/{verb}", to_json(message), headers=VERSION)


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("route", WORKER_ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize(
    ("spoken", "said"),
    [
        (None, "lacks the header"),
        ("2", "where the server runs"),
        ("0", "where the worker runs"),
        ("x", "'x'"),
    ],
)
async def test_another_version_is_told_what_to_upgrade(
    stage: Stage, route: Any, spoken: str | None, said: str
) -> None:
    headers = {} if spoken is None else {"Mainspring-Protocol": spoken}
    problem = await stage.refused(400, "POST", route.path, {}, headers=headers)
    assert problem["code"] == "protocol_mismatch"
    assert said in problem["detail"]


async def test_a_registration_of_another_version_is_refused(stage: Stage) -> None:
    registration = Registration("wrk_1", "w", "a", "1", "h", 1, 1, (), protocol=2)
    problem = await stage.refused(400, "POST", f"{PATH}/register", to_json(registration), headers=VERSION)
    assert problem["code"] == "protocol_mismatch"


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────
async def test_a_registration_says_the_rules(stage: Stage) -> None:
    registration = Registration("wrk_1", "w", "tests", "1", "h", 1, 1, (job("greet", "hello"),))
    settings = stage.platform.settings
    expected = {
        "project": "default",
        "environment": "dev",
        "heartbeat_every": settings.heartbeat_every,
        "lease_timeout": settings.lease_timeout,
        "max_payload_bytes": settings.max_payload_bytes,
        "max_tasks_per_run": settings.max_tasks_per_run,
        "public_url": URL,
    }
    assert await say(stage, "register", registration) == expected
    assert await say(stage, "register", registration) == expected
    assert len((await stage.ask("GET", "/api/v1/workers"))["data"]) == 1


async def test_a_worker_is_shown_until_it_leaves(stage: Stage) -> None:
    worker = await stage.work(job("greet"), slots=7)
    await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    run = await worker.claim_one()
    (shown,) = (await stage.ask("GET", "/api/v1/workers"))["data"]
    assert (shown["id"], shown["name"], shown["slots"], shown["running"]) == (worker.id, "puppet", 7, 1)
    assert (shown["status"], shown["jobs"]) == ("ALIVE", ["greet"])
    beat = Heartbeat(worker.id, ((run.run_id, run.lease),), 1, 1, is_draining=True)
    assert await say(stage, "heartbeat", beat) == {"notices": [], "unknown_worker": False, "drain": False}
    assert (await stage.ask("GET", "/api/v1/workers"))["data"][0]["status"] == "DRAINING"
    assert await say(stage, "farewell", Farewell(worker.id)) == {}
    assert (await stage.ask("GET", "/api/v1/workers"))["data"][0]["status"] == "GONE"


async def test_every_kind_of_item_arrives_as_it_was_sent(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    run = await worker.claim_one()
    store = TaskLabel("put", "store", "put")
    wait = TaskLabel("nap", "wait", "nap")
    answer = await worker.report(
        run,
        TaskStarted(TASK, 1),
        TaskAttemptFailed(TASK, 1, 5, Failure("E", "m"), retry_in=9),
        StoreUsed(store, StoreOperation("set", "environment", "", "k", "1"), 1),
        WaitStarted(wait, WaitSpec("time", delay=1_000)),
        LogWritten(1, 0, "INFO", "hello"),
    )
    (report,) = answer.reports
    assert report.status == "ok"
    assert [item.index for item in report.items] == [2]
    assert (await stage.ask("GET", "/api/v1/store/k"))["value"] == 1
    answer = await worker.report(run, RunSucceeded('{"done": true}'))
    assert (await stage.ask("GET", f"/api/v1/runs/{run.run_id}"))["output"] == {"done": True}
    answer = await worker.report(run, RunReleased())
    assert answer.reports[0].status == "lost"


async def test_an_unknown_worker_is_told_so(stage: Stage) -> None:
    assert (await say(stage, "claim", ClaimRequest("wrk_x", 1, 1, wait=0)))["unknown_worker"] is True
    assert (await say(stage, "heartbeat", Heartbeat("wrk_x", (), 0, 0)))["unknown_worker"] is True


BAD_MESSAGES: list[tuple[str, bytes, int, str]] = [
    ("register", b"{}", 400, "worker_id"),
    ("claim", b'{"worker_id": "w", "claim_seq": "first", "slots": 1}', 400, "claim_seq"),
    ("claim", b'{"worker_id": ', 400, "line 1"),
    ("claim", b"", 400, "empty"),
    (
        "commit",
        b'{"worker_id": "w", "commit_seq": 1, "reports": [{"run_id": "r", "lease": 1}]}',
        400,
        "items",
    ),
    (
        "heartbeat",
        b'{"worker_id": "w\\u0000", "held": [], "claims_done": 0, "progress": 0}',
        422,
        "worker_id",
    ),
    ("farewell", b'{"worker_id": "\\ud800"}', 422, "surrogate"),
]


@pytest.mark.parametrize(("verb", "raw", "status", "said"), BAD_MESSAGES)
async def test_a_bad_message_is_refused_with_its_place(
    stage: Stage, verb: str, raw: bytes, status: int, said: str
) -> None:
    problem = await stage.refused(status, "POST", f"{PATH}/{verb}", raw, headers=VERSION)
    assert said in problem["detail"]


async def test_an_unknown_kind_of_item_is_named(stage: Stage) -> None:
    report = {"run_id": "r", "lease": 1, "items": [{"kind": "run_flew"}]}
    message = {"worker_id": "w", "commit_seq": 1, "reports": [report]}
    problem = await stage.refused(400, "POST", f"{PATH}/commit", message, headers=VERSION)
    assert problem["errors"][0]["path"] == "reports[0].items[0]"


# ── the long poll ────────────────────────────────────────────────────────────────────────────────────
async def test_a_held_claim_is_handed_a_run_as_it_is_made(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    request = ClaimRequest(worker.id, 1, 1, wait=20_000_000)
    held = asyncio.ensure_future(worker.backend.claim(request))
    run = await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    assert [claimed.run_id for claimed in (await held).runs] == [run["id"]]


async def test_a_held_claim_is_answered_empty_when_the_server_stops(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    held = asyncio.ensure_future(worker.backend.claim(ClaimRequest(worker.id, 1, 1, wait=20_000_000)))
    await asyncio.sleep(0)
    stage.platform.stop_serving()
    assert (await held).runs == ()


async def test_hanging_up_withdraws_the_claim(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await stage.work(job("greet"))
    reached, withdrawn = asyncio.Event(), asyncio.Event()
    claim = stage.platform.engine.claim

    async def watched(*arguments: Any) -> Any:
        reached.set()
        try:
            return await claim(*arguments)
        except asyncio.CancelledError:
            withdrawn.set()
            raise

    monkeypatch.setattr(stage.platform.engine, "claim", watched)
    hung_up = asyncio.Event()
    messages = [{"type": "http.request", "body": to_json(ClaimRequest(worker.id, 1, 1)), "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None: ...

    key = stage.platform.api_key
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": f"{PATH}/claim",
        "raw_path": f"{PATH}/claim".encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {key}".encode()),
            (b"mainspring-protocol", b"1"),
        ],
    }
    answering = asyncio.ensure_future(stage.platform.app(scope, receive, send))
    await reached.wait()
    hung_up.set()
    await answering
    assert withdrawn.is_set()
    worker.claims = 1
    await stage.ask("PUT", "/api/v1/store/k", {"value": 1})  # a batch that made the withdrawal count
    # What is made now goes to whoever asks, not to the one who left.
    run = await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    assert [claimed.run_id for claimed in await worker.claim()] == [run["id"]]
    # Whose claim breaks off has most likely died: half of its silence is believed at once.
    stage.clock.advance(SECOND)
    async with asyncio.timeout(20):
        while not _silence(stage, worker.id):
            await stage.ask("PUT", "/api/v1/store/k", {"value": 2})


def _silence(stage: Stage, worker_id: str) -> int:
    with stage.platform.database.read() as tx:
        return {worker.id: worker.silence for worker in WORKER.values(tx.rows("live_workers"))}[worker_id]
