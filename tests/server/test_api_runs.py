"""Runs over HTTP: shown, listed, waited for, cancelled, replayed; and the account of what they did."""

import asyncio
from typing import Any

import pytest

from mainspring.clock import SECOND, to_iso
from mainspring.model.failures import Failure
from mainspring.model.protocol import (
    ClaimedRun,
    Farewell,
    LogWritten,
    RunAttemptFailed,
    RunChanged,
    RunDrifted,
    RunParked,
    RunSucceeded,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
    WaitStarted,
)
from mainspring.model.tasks import TaskLabel
from mainspring.model.waits import WaitSpec
from stage import PuppetWorker, Stage, job

RUNS = "/api/v1/runs"
CHARGE = TaskLabel("charge", "task", "Charge", icon="card", params='{"n":1}')


async def started(stage: Stage) -> tuple[PuppetWorker, ClaimedRun]:
    """A worker that holds the run of an event."""
    worker = await stage.work(job("greet", "hello"))
    await stage.send("hello", {"who": "Ada"}, id="h-1")
    return worker, await worker.claim_one()


async def finished(stage: Stage) -> str:
    """A run with a task that failed twice, a log line, and its end. Returns its id."""
    worker, run = await started(stage)
    for number in (1, 2):
        failure = Failure("ValueError", f"no {number}", traceback="frames")
        await worker.report(
            run,
            TaskStarted(CHARGE, number),
            TaskAttemptFailed(CHARGE, number, 1_000, failure, retry_in=0),
        )
        stage.clock.advance(SECOND)
    await worker.report(
        run,
        LogWritten(1, 0, "INFO", "charging 100%", task_key="charge", fields='{"amount":5}'),
        LogWritten(2, 0, "ERROR", "hm", origin="print"),
        RunChanged(progress='{"done":1}', tags='["vip"]'),
        TaskSucceeded(CHARGE, 3, 1_000, '{"id":"ch_1"}', 1),
        RunSucceeded('{"ok":true}'),
    )
    return run.run_id


# ── one run ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_finished_run_is_shown_whole(stage: Stage) -> None:
    run_id = await finished(stage)
    shown = await stage.ask("GET", f"{RUNS}/{run_id}")
    at, end = to_iso(stage.clock.now() - 2 * SECOND), to_iso(stage.clock.now())
    event_id = (await stage.ask("GET", "/api/v1/events"))["data"][0]["event_id"]
    assert shown == {
        "id": run_id,
        "status": "SUCCESS",
        "job_id": "greet",
        "job_version": "1.0.0",
        "pinned_version": None,
        "payload": {"who": "Ada"},
        "output": {"ok": True},
        "error": None,
        "error_id": None,
        "event_id": event_id,
        "event_name": "hello",
        "joined_events": None,
        "parent_run_id": None,
        "schedule_id": None,
        "replay_of": None,
        "replay_from": None,
        "cancel_reason": None,
        "cancelled_by": None,
        "attempt": 1,
        "max_attempts": 3,
        "tags": ["vip"],
        "metadata": {},
        "progress": {"done": 1},
        "is_test": False,
        "priority": 0,
        "queue": "greet",
        "concurrency_key": None,
        "idempotency_key": None,
        "created_at": at,
        "available_at": at,
        "started_at": at,
        "finished_at": end,
        "deadline_at": None,
        "parent_task": None,
        "expires_at": None,
        "worker_id": None,
        "crashes": 0,
        "cancel_requested_at": None,
        "pending_reason": None,
        "waiting_for": [],
        "is_new": None,
    }


async def test_large_fields_are_left_out_where_nobody_wants_them(stage: Stage) -> None:
    run_id = await finished(stage)
    for path in (RUNS, f"{RUNS}/{run_id}", f"{RUNS}/ended?ids={run_id}"):
        answer = await stage.ask("GET", path)
        whole = answer.get("data", [answer])[0]
        for without in ("payload", "output", "payload,output"):
            answer = await stage.ask("GET", path + ("&" if "?" in path else "?") + f"without={without}")
            left = dict.fromkeys(without.split(","))
            assert answer.get("data", [answer])[0] == {**whole, **left}
    problem = await stage.refused(400, "GET", RUNS, params={"without": "tags"})
    assert "without" in str(problem)


async def test_a_failed_run_shows_its_error(stage: Stage) -> None:
    worker, run = await started(stage)
    failure = Failure("TaskFailed", "charge failed", "task_failed", "frames", "charge", "a.b")
    await worker.report(run, RunAttemptFailed(failure, 5))
    shown = await stage.ask("GET", f"{RUNS}/{run.run_id}")
    assert shown["status"] == "FAILED"
    assert shown["error"] == {
        "type": "TaskFailed",
        "message": "charge failed",
        "code": "task_failed",
        "traceback": "frames",
        "task": "charge",
        "path": "a.b",
    }


async def test_an_event_says_which_waiting_run_took_it(stage: Stage) -> None:
    worker, run = await started(stage)
    wait = WaitSpec("event", event_name="order.approved")
    label = TaskLabel("approved", "event_wait", "order.approved")
    await worker.report(run, WaitStarted(label, wait), RunParked(("approved",)))
    sent = await stage.send("order.approved")
    assert "taken_by" not in sent
    taken = [{"run_id": run.run_id, "job_id": "greet", "status": "PENDING", "task_key": "approved"}]
    shown = await stage.ask("GET", f"/api/v1/events/{sent['event_id']}")
    assert (shown["taken_by"], shown["runs"], shown["hint"]) == (taken, [], None)
    listed = await stage.ask("GET", "/api/v1/events?name=order.approved")
    assert listed["data"] == [shown]


async def test_a_waiting_run_shows_what_for(stage: Stage) -> None:
    worker, run = await started(stage)
    label = TaskLabel("approved", "event_wait", "order.approved")
    wait = WaitSpec("event", delay=60 * SECOND, event_name="order.approved", correlation_id="o-1")
    await worker.report(run, WaitStarted(label, wait), RunParked(("approved",)))
    shown = await stage.ask("GET", f"{RUNS}/{run.run_id}")
    assert shown["status"] == "WAITING"
    expected = {
        "task": "approved",
        "kind": "event",
        "event_name": "order.approved",
        "id": "o-1",
        "target_id": None,
        "until": to_iso(stage.clock.now() + 60 * SECOND),
        "since": to_iso(stage.clock.now()),
        "message": None,
    }
    assert shown["waiting_for"] == [expected]
    (task,) = (await stage.ask("GET", f"{RUNS}/{run.run_id}/tasks"))["data"]
    assert (task["status"], task["waiting_for"], task["attempts"]) == ("WAITING", expected, [])


async def test_tasks_come_in_pages(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    run = await worker.claim_one()
    keys = [f"a.{number:03}" for number in range(120)]
    labels = [TaskLabel(key, "task", key) for key in keys]
    failed = [TaskAttemptFailed(label, 1, 0, Failure("E", "m"), retry_in=1) for label in labels]
    await worker.report(run, *failed, *(TaskSucceeded(label, 2, 0, "1", 1) for label in labels))
    path, seen, cursor = f"{RUNS}/{run.run_id}/tasks", [], None
    while True:
        page = await stage.ask("GET", path, params={"limit": 50, **({"cursor": cursor} if cursor else {})})
        seen += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["data"]) == 50
    assert [task["key"] for task in seen] == keys
    assert {len(task["attempts"]) for task in seen} == {2}
    assert len((await stage.ask("GET", path))["data"]) == 50
    for cursor in ("x", "1", "-1.a"):
        await stage.refused(400, "GET", path, params={"cursor": cursor})


async def test_a_pending_run_says_why(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    run = await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    shown = await stage.ask("GET", f"{RUNS}/{run['id']}")
    assert shown["pending_reason"]["code"] == "waiting_for_slot"
    await worker.backend.farewell(Farewell(worker.id))
    shown = await stage.ask("GET", f"{RUNS}/{run['id']}")
    assert shown["pending_reason"]["code"] == "no_worker"
    assert "greet" in shown["pending_reason"]["message"]


async def test_an_unknown_run_is_not_found(stage: Stage) -> None:
    reads = [("GET", path) for path in ("", "?wait=5", "/tasks", "/logs", "/history", "/trace", "/children")]
    for method, path in [*reads, *(("POST", path) for path in ("/cancel", "/replay", "/resume"))]:
        problem = await stage.refused(404, method, f"{RUNS}/run_nope{path}")
        assert problem["code"] == "not_found"
        assert "run_nope" in problem["detail"]


# ── waited for ───────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def reached(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once someone waits in the engine for a run's end."""
    event, wait_run = asyncio.Event(), stage.platform.engine.wait_run

    async def watched(*arguments: Any) -> Any:
        event.set()
        return await wait_run(*arguments)

    monkeypatch.setattr(stage.platform.engine, "wait_run", watched)
    return event


async def test_waiting_answers_when_the_run_ends(stage: Stage, reached: asyncio.Event) -> None:
    worker, run = await started(stage)
    waiting = asyncio.ensure_future(stage.ask("GET", f"{RUNS}/{run.run_id}", params={"wait": 30}))
    await reached.wait()
    await worker.report(run, RunSucceeded("1"))
    assert (await waiting)["status"] == "SUCCESS"


async def test_waiting_answers_with_the_run_as_it_is_when_the_time_is_up(stage: Stage) -> None:
    _, run = await started(stage)
    waiting = asyncio.ensure_future(stage.ask("GET", f"{RUNS}/{run.run_id}", params={"wait": 30}))
    while not waiting.done():  # it may not have begun to count when the clock is first turned
        stage.clock.advance(31 * SECOND)
        await asyncio.sleep(0)
    assert (await waiting)["finished_at"] is None


async def test_waiting_ends_when_the_server_stops(stage: Stage, reached: asyncio.Event) -> None:
    _, run = await started(stage)
    waiting = asyncio.ensure_future(stage.ask("GET", f"{RUNS}/{run.run_id}", params={"wait": 3_000}))
    await reached.wait()
    stage.platform.stop_serving()
    assert (await waiting)["status"] == "RUNNING"


async def test_an_ended_run_is_not_waited_for(stage: Stage) -> None:
    run_id = await finished(stage)
    assert (await stage.ask("GET", f"{RUNS}/{run_id}?wait=30"))["status"] == "SUCCESS"


@pytest.mark.parametrize("query", ["wait=soon", "wait=-1", "wiat=3"])
async def test_a_bad_wait_is_named(stage: Stage, query: str) -> None:
    run_id = await finished(stage)
    problem = await stage.refused(400, "GET", f"{RUNS}/{run_id}?{query}")
    assert problem["errors"][0]["path"] == query.partition("=")[0]


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────
async def test_runs_are_listed_newest_first_in_pages(stage: Stage) -> None:
    await stage.work(job("greet"))
    made = [(await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"] for _ in range(5)]
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = await stage.ask("GET", RUNS, params=params)
        seen += [run["id"] for run in page["data"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


async def test_several_statuses_are_paged_together(stage: Stage) -> None:
    await stage.work(job("greet"))
    made = [(await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"] for _ in range(7)]
    for run_id in made[::2]:
        await stage.ask("POST", f"{RUNS}/{run_id}/cancel")
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2, "status": "PENDING,CANCELLED"}
    while True:
        page = await stage.ask("GET", RUNS, params=params)
        seen += [run["id"] for run in page["data"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


async def test_runs_are_filtered(stage: Stage) -> None:
    await stage.work(job("greet", "hello"), job("other"))
    event = await stage.send("hello")
    other = await stage.ask("POST", "/api/v1/jobs/other/trigger", {"tags": ["vip"]})
    await stage.ask("POST", f"{RUNS}/{other['id']}/cancel")

    async def jobs(**params: str) -> list[str]:
        return [run["job_id"] for run in (await stage.ask("GET", RUNS, params=params))["data"]]

    assert await jobs() == ["other", "greet"]
    assert await jobs(job="greet") == ["greet"]
    assert await jobs(status="CANCELLED") == ["other"]
    assert await jobs(status="pending") == ["greet"]
    assert await jobs(status="CANCELLED,PENDING") == ["other", "greet"]
    assert await jobs(tag="vip") == ["other"]
    assert await jobs(event_id=event["event_id"]) == ["greet"]
    assert await jobs(until="1h") == []
    assert await jobs(since="1h", job="other", status="PENDING") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=DONE",
        "status=PENDING,DONE",
        "limit=-1",
        "limit=100000",
        "since=x",
        "until=2026-01-01",
        "jbo=a",
    ],
)
async def test_a_bad_filter_is_named(stage: Stage, query: str) -> None:
    problem = await stage.refused(400, "GET", f"{RUNS}?{query}")
    assert problem["errors"][0]["path"] == query.partition("=")[0]


# ── the account ──────────────────────────────────────────────────────────────────────────────────────
async def test_a_task_shows_every_attempt(stage: Stage) -> None:
    run_id = await finished(stage)
    (task,) = (await stage.ask("GET", f"{RUNS}/{run_id}/tasks"))["data"]
    assert (task["key"], task["kind"], task["name"], task["icon"]) == ("charge", "task", "Charge", "card")
    assert (task["params"], task["output"], task["status"]) == ({"n": 1}, {"id": "ch_1"}, "SUCCESS")
    shown = [(attempt["number"], attempt["status"]) for attempt in task["attempts"]]
    assert shown == [(1, "FAILED"), (2, "FAILED"), (3, "SUCCESS")]
    assert task["attempts"][1]["error"]["message"] == "no 2"
    assert task["attempts"][2]["error"] is None


async def test_logs_are_filtered_and_followed(stage: Stage) -> None:
    run_id = await finished(stage)
    logs = (await stage.ask("GET", f"{RUNS}/{run_id}/logs"))["data"]
    assert [line["message"] for line in logs] == ["charging 100%", "hm"]
    assert logs[0] == {
        "id": logs[0]["id"],
        "at": to_iso(stage.clock.now()),
        "level": "INFO",
        "message": "charging 100%",
        "task": "charge",
        "fields": {"amount": 5},
        "origin": "logger",
    }

    async def messages(**params: Any) -> list[str]:
        page = await stage.ask("GET", f"{RUNS}/{run_id}/logs", params=params)
        return [line["message"] for line in page["data"]]

    assert await messages(level="WARNING") == ["hm"]
    assert await messages(text="100%") == ["charging 100%"]
    stage.clock.advance(60_000_000)
    assert await messages(since="30s") == []
    assert await messages(since="2 minutes") == ["charging 100%", "hm"]
    first = await stage.ask("GET", f"{RUNS}/{run_id}/logs", params={"limit": 1})
    assert await messages(cursor=first["next_cursor"]) == ["hm"]
    end = (await stage.ask("GET", f"{RUNS}/{run_id}/logs"))["next_cursor"]
    nothing_new = await stage.ask("GET", f"{RUNS}/{run_id}/logs", params={"cursor": end})
    assert nothing_new == {"data": [], "next_cursor": end}


async def test_history_tells_everything_once(stage: Stage) -> None:
    run_id = await finished(stage)
    entries = (await stage.ask("GET", f"{RUNS}/{run_id}/history"))["data"]
    kinds = [entry["kind"] for entry in entries]
    assert kinds[:2] == ["RUN_CREATED", "JOB_STARTED"]
    assert kinds.count("TASK_RETRIED") == 2
    assert kinds[-1] == "JOB_COMPLETED"
    sequences = [entry["sequence"] for entry in entries]
    assert sequences == sorted(set(sequences))
    page = await stage.ask("GET", f"{RUNS}/{run_id}/history", params={"limit": 2})
    rest = await stage.ask("GET", f"{RUNS}/{run_id}/history", params={"cursor": page["next_cursor"]})
    assert page["data"] + rest["data"] == entries
    nothing_new = await stage.ask("GET", f"{RUNS}/{run_id}/history", params={"cursor": rest["next_cursor"]})
    assert nothing_new == {"data": [], "next_cursor": rest["next_cursor"]}


async def test_the_trace_has_spans_without_payloads(stage: Stage) -> None:
    run_id = await finished(stage)
    root, task = (await stage.ask("GET", f"{RUNS}/{run_id}/trace"))["data"]
    assert (root["id"], root["parent_id"], root["status"]) == (run_id, None, "SUCCESS")
    assert (task["id"], task["parent_id"], task["kind"]) == ("charge", run_id, "task")
    assert len(task["attempts"]) == 2
    assert "output" not in task


BAD_PLACES = [
    ("logs", "cursor=x.y"),
    ("logs", "cursor=1"),
    ("logs", "level=LOUD"),
    ("history", "cursor=x"),
    ("history", "cursor=-1"),
    ("history", "limit=0"),
]


@pytest.mark.parametrize(("part", "query"), BAD_PLACES)
async def test_a_bad_place_in_the_account_is_named(stage: Stage, part: str, query: str) -> None:
    run_id = await finished(stage)
    problem = await stage.refused(400, "GET", f"{RUNS}/{run_id}/{part}?{query}")
    assert problem["errors"][0]["path"] == query.partition("=")[0]


# ── changed ──────────────────────────────────────────────────────────────────────────────────────────
async def test_a_run_is_cancelled(stage: Stage) -> None:
    await stage.work(job("greet"))
    run = await stage.ask("POST", "/api/v1/jobs/greet/trigger")
    cancelled = await stage.ask("POST", f"{RUNS}/{run['id']}/cancel")
    assert cancelled["status"] == "CANCELLED"
    assert await stage.ask("POST", f"{RUNS}/{run['id']}/cancel") == cancelled


async def test_a_replay_is_a_fresh_run(stage: Stage) -> None:
    run_id = await finished(stage)
    again = await stage.ask("POST", f"{RUNS}/{run_id}/replay")
    assert again["id"] != run_id
    assert (again["status"], again["payload"]) == ("PENDING", {"who": "Ada"})
    other = await stage.ask("POST", f"{RUNS}/{run_id}/replay", {"payload": None})
    assert other["payload"] is None


async def test_a_replay_sent_twice_starts_one_run(stage: Stage) -> None:
    run_id = await finished(stage)
    headers = {"Idempotency-Key": "k"}
    first = await stage.ask("POST", f"{RUNS}/{run_id}/replay", headers=headers)
    assert (await stage.ask("POST", f"{RUNS}/{run_id}/replay", headers=headers))["id"] == first["id"]


async def test_a_replay_with_bad_fields_names_them(stage: Stage) -> None:
    run_id = await finished(stage)
    problem = await stage.refused(400, "POST", f"{RUNS}/{run_id}/replay", {"payloda": 1})
    assert problem["errors"] == [{"path": "payloda", "message": "there is no such field"}]
    problem = await stage.refused(400, "POST", f"{RUNS}/{run_id}/replay", b"{")
    assert problem["code"] == "malformed_json"


async def test_a_run_that_drifted_is_resumed(stage: Stage) -> None:
    worker, run = await started(stage)
    await stage.refused(409, "POST", f"{RUNS}/{run.run_id}/resume")
    await worker.report(run, RunDrifted("charge is another kind of task now", "charge"))
    shown = await stage.ask("GET", f"{RUNS}/{run.run_id}")
    assert shown["waiting_for"][0]["message"] == "charge is another kind of task now"
    assert (await stage.ask("POST", f"{RUNS}/{run.run_id}/resume"))["status"] == "PENDING"


async def test_checkpoints_are_what_a_worker_would_be_given(stage: Stage) -> None:
    run_id = await finished(stage)
    shown = await stage.ask("GET", f"{RUNS}/{run_id}/checkpoints")
    assert (shown["run_id"], shown["job_id"], shown["payload"]) == (run_id, "greet", {"who": "Ada"})
    assert shown["event"]["name"] == "hello"
    assert len(shown["given_at"]) == 1
    (task,) = shown["checkpoints"]
    assert (task["key"], task["status"], task["position"], task["output"]) == (
        "charge",
        "SUCCESS",
        1,
        {"id": "ch_1"},
    )
    await stage.refused(404, "GET", f"{RUNS}/run_none/checkpoints")


async def test_checkpoints_of_open_runs_are_listed_and_nothing_is_claimed(stage: Stage) -> None:
    ended = await finished(stage)
    worker = await stage.work(job("greet", "hello"))
    for who in "abc":
        await stage.send("hello", {"who": who})
    held = await worker.claim_one()
    await worker.report(held, TaskSucceeded(CHARGE, 1, 1, "1", 1), RunDrifted("it changed", "charge"))

    listed, cursor = [], None
    while listed == [] or cursor is not None:
        page = await stage.ask("GET", f"/api/v1/checkpoints?limit=2{f'&cursor={cursor}' if cursor else ''}")
        listed += page["data"]
        cursor = page["next_cursor"]
    assert len(listed) == 3
    assert ended not in [one["run_id"] for one in listed]
    (drifted,) = [one for one in listed if one["run_id"] == held.run_id]
    assert (drifted["status"], drifted["drift"]) == ("WAITING", "it changed")
    assert [one["key"] for one in drifted["checkpoints"]] == ["charge"]

    pending = await stage.ask("GET", "/api/v1/checkpoints?status=PENDING&job=greet")
    assert [one["checkpoints"] for one in pending["data"]] == [[], []]
    assert (await stage.ask("GET", "/api/v1/checkpoints?job=other"))["data"] == []
    assert len(await worker.claim(5)) == 2
    await stage.refused(400, "GET", "/api/v1/checkpoints?status=LOST")


async def test_a_page_of_checkpoints_ends_early_where_runs_have_much_in_them(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    large = f'"{"x" * 900_000}"'
    for _ in range(60):
        await stage.ask("POST", "/api/v1/jobs/greet/trigger", {"payload": {}})
    held = sorted(await worker.claim(60), key=lambda run: run.run_id, reverse=True)
    for run in held[:10]:
        await worker.report(run, TaskSucceeded(CHARGE, 1, 1, large, 1))
    first = await stage.ask("GET", "/api/v1/checkpoints?limit=200")
    rest = await stage.ask("GET", f"/api/v1/checkpoints?limit=200&cursor={first['next_cursor']}")
    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (50, 10, None)
    assert {one["run_id"] for one in first["data"] + rest["data"]} == {run.run_id for run in held}
