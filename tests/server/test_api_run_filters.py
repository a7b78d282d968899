"""Which runs: the filters of list, count, export and bulk over HTTP, and what a bad one is answered."""

import csv
import io
import json
from typing import Any

import pytest

from mainspring.model.failures import Failure
from mainspring.model.protocol import LogWritten, RunAttemptFailed, RunSucceeded
from stage import Stage, job

RUNS = "/api/v1/runs"


async def call(stage: Stage, payload: Any, **options: Any) -> str:
    run = await stage.ask("POST", "/api/v1/jobs/bill/trigger", {"payload": payload, **options})
    return str(run["id"])


@pytest.fixture
async def orders(stage: Stage) -> list[str]:
    """Three runs: one that failed, one that succeeded, one that waits for a worker."""
    worker = await stage.work(job("bill", "order.created"))
    first = await call(stage, {"order_id": "o1", "amount": 5}, tags=["vip", "eu"])
    failure = Failure("ValueError", '=HYPERLINK("http://evil")')
    await worker.report(await worker.claim_one(), RunAttemptFailed(failure, 1_000))
    second = await call(stage, {"order_id": "o2", "lines": [{"sku": "A"}]}, tags=["vip"])
    await worker.report(await worker.claim_one(), RunSucceeded('"-1+1"'))
    third = await call(stage, {"order_id": "o3"})
    return [first, second, third]


async def found(stage: Stage, query: str) -> set[str]:
    page = await stage.ask("GET", f"{RUNS}?{query}")
    counted = await stage.ask("GET", f"{RUNS}/count?{query}")
    assert counted == {"count": len(page["data"]), "is_exact": True}
    exported = await stage.request("GET", f"{RUNS}/export?format=ndjson&{query}")
    assert [json.loads(line)["id"] for line in exported.text.splitlines()] == [
        one["id"] for one in page["data"]
    ]
    return {one["id"] for one in page["data"]}


async def test_list_count_and_export_go_by_the_same_filters(stage: Stage, orders: list[str]) -> None:
    first, second, third = orders
    assert await found(stage, "") == {first, second, third}
    assert await found(stage, "status=FAILED&status=success") == {first, second}
    assert await found(stage, "status=failed,pending") == {first, third}
    assert await found(stage, "tag=vip&tag=eu") == {first}
    assert await found(stage, "payload.order_id=o2") == {second}
    assert await found(stage, "payload.amount=5&status=FAILED") == {first}
    assert await found(stage, "payload.lines.sku=A") == {second}
    assert await found(stage, "queue=bill&is_root=true&is_test=false") == {first, second, third}
    assert await found(stage, "event=order.created") == set()
    assert await found(stage, f"id={third}") == {third}
    assert await found(stage, f"parent={first}") == set()
    assert await found(stage, "until=1h") == set()


@pytest.mark.parametrize(
    ("query", "path", "why"),
    [
        ("status=DONE", "status", "there are PENDING"),
        ("colour=red", "colour", "there is no such field"),
        ("payload..x=1", "payload..x", "write payload.order_id"),
        ("since=yesterday", "since", "no span like 2h"),
        ("is_test=perhaps", "is_test", "valid boolean"),
        ("id=run%20x", "id", "match pattern"),
        ("&".join(f"payload.a{n}=1" for n in range(9)), "payload", "at most 8 paths"),
    ],
)
async def test_a_filter_that_cannot_be_understood_is_named(
    stage: Stage, query: str, path: str, why: str
) -> None:
    for route in ("", "/count", "/export"):
        problem = await stage.refused(400, "GET", f"{RUNS}{route}?{query}")
        assert problem["errors"][0]["path"] == path
        assert why in problem["errors"][0]["message"]


async def test_a_search_says_how_far_back_it_looked_and_what_it_could_not_read(stage: Stage) -> None:
    await stage.work(job("bill"))
    await call(stage, {"$encrypted": "mainspring:x"})
    page = await stage.ask("GET", f"{RUNS}?payload.order_id=o1")
    assert (page["data"], page["next_cursor"], page["looked_back_to"], page["encrypted"]) == (
        [],
        None,
        None,
        1,
    )
    await call(stage, {})
    page = await stage.ask("GET", f"{RUNS}?limit=1")
    assert page["looked_back_to"] == page["data"][0]["created_at"]


# ── export ───────────────────────────────────────────────────────────────────────────────────────────
async def test_a_spreadsheet_computes_nothing_that_a_stranger_sent(stage: Stage, orders: list[str]) -> None:
    response = await stage.request("GET", f"{RUNS}/export")
    assert response.headers["content-type"].startswith("text/csv")
    assert "runs.csv" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["id"] for row in rows] == orders[::-1]
    assert rows[2]["error_message"] == '\'=HYPERLINK("http://evil")'
    assert (rows[1]["output"], rows[1]["tags"]) == ('"-1+1"', "vip")
    assert float(rows[1]["seconds"]) >= 0
    assert json.loads(rows[2]["payload"]) == {"order_id": "o1", "amount": 5}


async def test_an_export_has_the_columns_that_are_asked_for(stage: Stage, orders: list[str]) -> None:
    await call(stage, {"order_id": "@SUM(A1)"})
    response = await stage.request("GET", f"{RUNS}/export?columns=payload.order_id,status&job=bill")
    lines = response.text.splitlines()
    assert lines[:3] == ["payload.order_id,status", "'@SUM(A1),PENDING", "o3,PENDING"]
    problem = await stage.refused(400, "GET", f"{RUNS}/export?columns=id,colour")
    assert "'colour' is no column; there are id, status" in problem["detail"]
    assert "payload.<path>" in problem["detail"]
    await stage.refused(400, "GET", f"{RUNS}/export?format=xlsx")


async def test_an_export_goes_on_over_many_pages(stage: Stage) -> None:
    await stage.work(job("bill"))
    for first in range(0, 250, 50):
        runs = [{"job_id": "bill", "payload": {"n": first + n}} for n in range(50)]
        await stage.ask("POST", RUNS, {"runs": runs})
    response = await stage.request("GET", f"{RUNS}/export?columns=payload.n")
    numbers = [int(line) for line in response.text.splitlines()[1:]]
    assert sorted(numbers) == list(range(250))


# ── bulk ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_bulk_action_goes_by_the_same_filters(stage: Stage, orders: list[str]) -> None:
    async def count(action: str, **filter: Any) -> tuple[int, bool]:
        body = {"action": action, "filter": filter, "dry_run": True}
        shown = await stage.ask("POST", f"{RUNS}/bulk", body)
        return shown["total"], shown["is_total_exact"]

    assert await count("cancel", payload={"order_id": "o3"}) == (1, True)
    assert await count("cancel", payload={"order_id": "o1"}) == (0, True)
    assert await count("replay", status="FAILED", payload={"amount": 5}, tag=["vip", "eu"]) == (1, True)
    assert await count("replay", status=["FAILED", "SUCCESS"], queue="bill", is_root=True) == (2, True)
    problem = await stage.refused(
        400, "POST", f"{RUNS}/bulk", {"action": "cancel", "filter": {"payload": {"a..b": 1}}}
    )
    assert problem["errors"][0]["path"] == "filter.payload.a..b"
    problem = await stage.refused(
        400, "POST", f"{RUNS}/bulk", {"action": "cancel", "filter": {"colour": "red"}}
    )
    assert problem["errors"][0]["path"] == "filter.colour"


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_log_lines_of_all_runs_are_searched(stage: Stage) -> None:
    worker = await stage.work(job("bill"))
    for order in ("o1", "o2"):
        await call(stage, {"order_id": order})
        run = await worker.claim_one()
        await worker.report(
            run,
            LogWritten(1, 0, "INFO", f"billing {order}", task_key="charge", fields='{"amount":5}'),
            LogWritten(2, 0, "ERROR", f"No card for {order}"),
        )
    page = await stage.ask("GET", "/api/v1/logs?text=O2&level=ERROR&job=bill")
    (line,) = page["data"]
    assert (line["message"], line["job_id"], line["run_id"]) == ("No card for o2", "bill", run.run_id)
    assert (page["next_cursor"], page["looked_back_to"]) == (None, None)
    first = await stage.ask("GET", "/api/v1/logs?limit=3")
    rest = await stage.ask("GET", f"/api/v1/logs?limit=3&cursor={first['next_cursor']}")
    assert (len(first["data"]), len(rest["data"])) == (3, 1)
    assert rest["data"][0]["fields"] == {"amount": 5}
    problem = await stage.refused(400, "GET", "/api/v1/logs?level=LOUD&cursor=x")
    assert problem["errors"][0]["path"] == "level"
    await stage.refused(400, "GET", "/api/v1/logs?cursor=x")
