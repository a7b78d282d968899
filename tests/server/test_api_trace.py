"""The timeline and the log of a run over HTTP, when they are long; and the runs that it started."""

import json

from engine.items import succeeded, triggered
from mainspring.model.protocol import LogWritten, RunDraft
from mainspring.server.api.account import LINES_AT_ONCE
from stage import Stage, job

RUNS = "/api/v1/runs"


async def test_a_long_trace_is_compressed_for_who_can_take_it(stage: Stage) -> None:
    worker = await stage.work(job("long"))
    await stage.ask("POST", "/api/v1/jobs/long/trigger", {"payload": {}})
    run = await worker.claim_one()
    await worker.report(run, *(succeeded(f"page {number}") for number in range(100)))
    path = f"{RUNS}/{run.run_id}/trace"
    packed = await stage.request("GET", path, headers={"Accept-Encoding": "gzip"})
    plain = await stage.request("GET", path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert len(plain.json()["data"]) == 101


async def test_the_runs_that_a_run_started_are_listed_in_pages(stage: Stage) -> None:
    worker = await stage.work(job("parent"), job("child"))
    await stage.ask("POST", "/api/v1/jobs/parent/trigger", {"payload": {}})
    parent = await worker.claim_one()
    await worker.report(
        parent,
        *(triggered(f"start {number}", RunDraft(f"run_child{number}", "child", "{}")) for number in range(3)),
    )
    path = f"{RUNS}/{parent.run_id}/children"
    page = await stage.ask("GET", path, params={"limit": 2})
    rest = await stage.ask("GET", path, params={"cursor": page["next_cursor"]})
    children = page["data"] + rest["data"]
    assert [child["task"] for child in children] == ["start 0", "start 1", "start 2"]
    assert {child["job_id"] for child in children} == {"child"}
    assert rest["next_cursor"] is None


async def test_all_log_lines_come_in_one_answer(stage: Stage) -> None:
    worker = await stage.work(job("chatty"))
    await stage.ask("POST", "/api/v1/jobs/chatty/trigger", {"payload": {}})
    run = await worker.claim_one()
    many = LINES_AT_ONCE + 5
    await worker.report(run, *(LogWritten(number, 0, "INFO", f"line {number}") for number in range(many)))
    answer = await stage.request("GET", f"{RUNS}/{run.run_id}/logs/lines")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(many)]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    await stage.refused(404, "GET", f"{RUNS}/run_nope/logs/lines")
