"""The client outside runs: which requests it makes, and what comes back from them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mainspring import Client, Conflict, RunFailed, Unauthorized, WaitTimeout
from mainspring.errors import DefinitionError
from mainspring.model.events import EventDraft
from sdk.stand_ins import a_client, event_object, in_run, run_object


@dataclass
class Order:
    id: str
    at: datetime | None = None


def an_event(**facts: Any) -> dict[str, Any]:
    return event_object(EventDraft("evt_1", "order.created", "{}", correlation_id="o-1"), **facts)


# ── events ───────────────────────────────────────────────────────────────────────────────────────────
async def test_an_event_is_sent_with_what_was_given_and_nothing_else() -> None:
    client, door = a_client(an_event(runs=[{"id": "run_1", "job_id": "fulfil"}]), an_event())
    event = await client.send_event(
        "order.created",
        Order("o-1"),
        id="o-1",
        idempotency_key="k",
        deliver_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="web",
        context={"ip": "::1"},
    )
    assert (event.id, event.event_id, event.runs[0].job_id) == ("o-1", "evt_1", "fulfil")
    await client.send_event("order.created", delay="90s")
    assert door.asked == [("POST", "/api/v1/events")] * 2
    assert door.bodies == [
        {
            "name": "order.created",
            "payload": {"id": "o-1", "at": None},
            "id": "o-1",
            "idempotency_key": "k",
            "deliver_at": "2026-01-01T00:00:00.000000Z",
            "source": "web",
            "context": {"ip": "::1"},
        },
        {"name": "order.created", "payload": {}, "delay": 90.0},
    ]


async def test_several_events_are_one_request() -> None:
    client, door = a_client({"data": [an_event(), an_event()], "next_cursor": None})
    events = await client.send_events([{"name": "a", "payload": 1}, {"name": "b"}])
    assert len(events) == 2
    assert door.asked == [("POST", "/api/v1/events/batch")]
    assert door.bodies == [{"events": [{"name": "a", "payload": 1}, {"name": "b", "payload": {}}]}]


async def test_events_are_listed_shown_and_cancelled() -> None:
    client, door = a_client(
        an_event(), an_event(), Conflict("delivered"), {"data": [an_event()], "next_cursor": "c"}
    )
    assert (await client.events.retrieve("o/1")).name == "order.created"
    await client.cancel_event("evt_1")
    with pytest.raises(Conflict):
        await client.events.cancel("evt_1")
    page = await client.events.list(name="order.created", limit=1)
    assert (len(page.data), page.next_cursor) == (1, "c")
    assert door.asked[:2] == [("GET", "/api/v1/events/o%2F1"), ("POST", "/api/v1/events/evt_1/cancel")]


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────
def a_job(client: Client) -> Any:
    @client.job(id="fulfil")
    async def fulfil(payload: Order) -> Order:
        return payload

    return fulfil


async def test_a_trigger_carries_its_options_and_returns_a_handle() -> None:
    client, door = a_client(run_object(), run_object())
    run = await a_job(client).trigger(
        Order("o-1"),
        idempotency_key="k",
        delay="1m",
        queue="orders",
        concurrency_key="c",
        priority=3,
        ttl="1h",
        tags=["a"],
        metadata={"n": 1},
        max_attempts=2,
    )
    assert (run.id, run.job_id, run.status) == ("run_1", "fulfil", "PENDING")
    assert door.asked == [("POST", "/api/v1/jobs/fulfil/trigger")]
    assert door.bodies[0] == {
        "payload": {"id": "o-1", "at": None},
        "metadata": {"n": 1},
        "idempotency_key": "k",
        "delay": 60.0,
        "queue": "orders",
        "concurrency_key": "c",
        "priority": 3,
        "ttl": 3600.0,
        "tags": ["a"],
        "max_attempts": 2,
    }
    await client.job_by_id("fulfil").trigger()
    assert door.bodies[1] == {"payload": {}, "metadata": {}}


async def test_inside_a_run_a_trigger_is_durable() -> None:
    client, door = a_client()
    with in_run() as runtime:
        run = await a_job(client).trigger(Order("o-1"), tags=["a"])
    ((key, (draft,)),) = runtime.triggered
    assert (key, draft.job_id, draft.payload, draft.tags) == (
        "trigger:fulfil",
        "fulfil",
        '{"id":"o-1","at":null}',
        ("a",),
    )
    assert (run.id, run.job_id, run.status) == (draft.run_id, "fulfil", "PENDING")
    assert door.asked == []


async def test_bad_trigger_options_are_refused() -> None:
    client, _ = a_client()
    job = a_job(client)
    with pytest.raises(TypeError, match="'dealy'"):
        await job.trigger(Order("a"), dealy=3)
    with pytest.raises(DefinitionError):
        await job.trigger(Order("a"), tags="a")
    with pytest.raises(DefinitionError):
        await job.trigger(Order("a"), max_attempts=0)


async def test_a_result_is_waited_for_and_restored() -> None:
    done = run_object(status="SUCCESS", output={"id": "o-1", "at": "2026-01-01T00:00:00Z"})
    client, door = a_client(run_object(), run_object(status="RUNNING"), done)
    run = await a_job(client).trigger(Order("o-1"))
    assert run.output is None
    assert await run.result() == Order("o-1", datetime(2026, 1, 1, tzinfo=UTC))
    assert run.output == Order("o-1", datetime(2026, 1, 1, tzinfo=UTC))
    assert door.asked[1:] == [("GET", "/api/v1/runs/run_1")] * 2
    assert door.params[1] == {"wait": 25.0}


async def test_a_run_that_ended_badly_raises_with_its_failure() -> None:
    error = {"type": "ValueError", "message": "no stock", "code": "task_failed", "task": "reserve"}
    client, _ = a_client(run_object(), run_object(status="FAILED", error=error))
    run = await a_job(client).trigger(Order("o-1"))
    with pytest.raises(RunFailed, match=r"job 'fulfil' ended as FAILED: no stock \(run_1\)") as caught:
        await run.result()
    assert (caught.value.run_id, caught.value.status) == ("run_1", "FAILED")
    assert caught.value.failure.task_key == "reserve"
    assert run.error is not None
    assert run.error.type == "ValueError"


async def test_a_result_that_takes_too_long_is_a_timeout() -> None:
    client, door = a_client(run_object(), run_object(status="WAITING"))
    run = await a_job(client).trigger(Order("o-1"))
    with pytest.raises(TimeoutError, match="run run_1 is still WAITING after 0s") as caught:
        await run.result(timeout=0)
    assert isinstance(caught.value, WaitTimeout)
    assert door.params[1] is None


async def test_runs_are_looked_at_cancelled_and_replayed() -> None:
    shown = run_object(
        status="WAITING",
        attempt=2,
        max_attempts=3,
        tags=["a"],
        metadata={"n": 1},
        progress={"current": 1},
        created_at="2026-01-01T00:00:00.000000Z",
        pending_reason={"code": "delayed", "message": "later", "until": None},
        waiting_for=[{"task": "approval"}],
        payload={"id": "o-1"},
        event_id="evt_1",
    )
    client, door = a_client(
        shown, run_object(status="CANCELLED"), run_object(id="run_2"), run_object(id="run_3")
    )
    run = await client.runs.retrieve("run_1")
    assert (run.status, run.attempt, run.max_attempts, run.tags, run.metadata) == (
        "WAITING",
        2,
        3,
        ["a"],
        {"n": 1},
    )
    assert (run.progress, run.pending_reason, run.waiting_for) == (
        {"current": 1},
        "later",
        [{"task": "approval"}],
    )
    assert (run.payload, run.event_id, run.parent_run_id) == ({"id": "o-1"}, "evt_1", None)
    assert run.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (await run.cancel()).is_final
    assert (await run.replay()).id == "run_2"
    assert (await client.runs.replay("run_1", payload={"id": "o-2"})).id == "run_3"
    assert [path for _, path in door.asked[1:]] == [
        "/api/v1/runs/run_1/cancel",
        "/api/v1/runs/run_1/replay",
        "/api/v1/runs/run_1/replay",
    ]
    assert door.bodies[2:] == [None, {"payload": {"id": "o-2"}}]


async def test_a_replay_by_id_without_a_payload_keeps_the_one_it_had() -> None:
    client, door = a_client(run_object(id="run_2"))
    assert (await client.runs.replay("run_1")).id == "run_2"
    assert door.bodies == [None]


async def test_a_list_is_a_page_or_all_of_it() -> None:
    first = {"data": [run_object(id="run_1")], "next_cursor": "next"}
    second = {"data": [run_object(id="run_2")], "next_cursor": None}
    client, door = a_client(first, second)
    runs = client.runs.list(status=["FAILED", "TIMED_OUT"], job_id="fulfil", since="2026-01-01T00:00:00Z")
    assert [run.id async for run in runs] == ["run_1", "run_2"]
    asked = [params or {} for params in door.params]
    assert (asked[0]["status"], asked[0]["job"]) == (["FAILED", "TIMED_OUT"], "fulfil")
    assert asked[1]["cursor"] == "next"


async def test_jobs_are_listed_and_switched() -> None:
    shown = {
        "id": "fulfil",
        "name": "F",
        "version": "1",
        "enabled": True,
        "served": True,
        "trigger": "by call",
    }
    client, door = a_client(shown, {**shown, "enabled": False}, shown, {"data": [shown], "next_cursor": None})
    assert (await client.jobs.retrieve("fulfil")).served
    assert not (await client.jobs.disable("fulfil")).enabled
    assert (await client.jobs.enable("fulfil")).enabled
    assert [job.id async for job in client.jobs.list()] == ["fulfil"]
    assert [path for _, path in door.asked[1:3]] == [
        "/api/v1/jobs/fulfil/disable",
        "/api/v1/jobs/fulfil/enable",
    ]


# ── the way to the server ────────────────────────────────────────────────────────────────────────────
async def test_without_a_key_the_first_call_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MAINSPRING_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unauthorized, match="Set MAINSPRING_API_KEY"):
        await Client("shop").runs.retrieve("run_1")


async def test_the_door_is_opened_at_the_first_call_and_closed_with_the_client() -> None:
    client, door = a_client(run_object())
    async with client:
        await client.runs.retrieve("run_1")
    assert door.is_closed
    await Client("other").aclose()
