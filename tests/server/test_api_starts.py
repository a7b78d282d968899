"""Requests that many callers share: runs started each by itself, and the first of several runs to end."""

import asyncio
from typing import Any

import pytest

from mainspring.clock import SECOND
from mainspring.model.protocol import RunSucceeded
from stage import NAMED, Stage, job

RUNS = "/api/v1/runs"


# ── starts ───────────────────────────────────────────────────────────────────────────────────────────
async def test_each_run_is_started_or_refused_by_itself(stage: Stage) -> None:
    await stage.work(job("greet", schema=NAMED))
    good = {"job_id": "greet", "payload": {"who": "Ada"}, "tags": ["a"]}
    wrong = {"job_id": "greet", "payload": {"who": 7}}
    answer = await stage.ask("POST", RUNS, {"runs": [good, wrong, {"job_id": "nope"}, good]})
    first, refused, unknown, last = answer["data"]
    assert first["problem"] is last["problem"] is None
    assert refused["run"] is unknown["run"] is None
    shown = await stage.ask("GET", f"{RUNS}/{first['run']['id']}")
    assert first["run"] == shown | {"pending_reason": None, "is_new": True}
    assert first["run"]["id"] != last["run"]["id"]
    alone = await stage.refused(422, "POST", "/api/v1/jobs/greet/trigger", {"payload": {"who": 7}})
    assert refused["problem"] | {"request_id": 0} == alone | {"request_id": 0}
    assert (unknown["problem"]["status"], unknown["problem"]["code"]) == (404, "not_found")
    assert len((await stage.ask("GET", RUNS))["data"]) == 2


async def test_I11_starts_sent_again_start_nothing(stage: Stage) -> None:  # noqa: N802 - an invariant's name
    await stage.work(job("greet"))
    body = {"runs": [{"job_id": "greet"}, {"job_id": "nope"}, {"job_id": "greet", "idempotency_key": "mine"}]}
    headers = {"Idempotency-Key": "k"}
    first, again = [(await stage.ask("POST", RUNS, body, headers=headers))["data"] for _ in range(2)]
    assert [one["run"] and one["run"]["id"] for one in first] == [
        one["run"] and one["run"]["id"] for one in again
    ]
    assert [one["run"]["idempotency_key"] for one in (first[0], first[2])] == ["k/0", "mine"]
    alone = await stage.ask("POST", "/api/v1/jobs/greet/trigger", {}, headers={"Idempotency-Key": "k/0"})
    assert alone["id"] == first[0]["run"]["id"]
    assert len((await stage.ask("GET", RUNS))["data"]) == 2


async def test_a_bad_field_refuses_the_request(stage: Stage) -> None:
    await stage.work(job("greet"))
    problem = await stage.refused(
        400, "POST", RUNS, {"runs": [{"job_id": "greet"}, {"job_id": "greet", "nme": 1}]}
    )
    assert problem["errors"][0]["path"] == "runs[1].nme"
    limit = stage.platform.settings.max_runs_per_batch
    problem = await stage.refused(422, "POST", RUNS, {"runs": [{"job_id": "greet"}] * (limit + 1)})
    assert (problem["limit"], problem["setting"]) == (limit, "max_runs_per_batch")
    assert (await stage.ask("GET", RUNS))["data"] == []


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────
async def ended(stage: Stage, *run_ids: str, wait: float = 30) -> "list[dict[str, Any]]":
    answer = await stage.ask("GET", f"{RUNS}/ended", params={"ids": ",".join(run_ids), "wait": wait})
    data: list[dict[str, Any]] = answer["data"]
    return data


async def test_the_first_to_end_are_told(stage: Stage) -> None:
    worker = await stage.work(job("greet"))
    run_ids = [(await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"] for _ in range(3)]
    runs = {run.run_id: run for run in await worker.claim(3)}
    waiting = asyncio.ensure_future(ended(stage, *run_ids))
    await worker.report(runs[run_ids[1]], RunSucceeded("1"))
    (first,) = await waiting
    assert first == await stage.ask("GET", f"{RUNS}/{run_ids[1]}")
    await worker.report(runs[run_ids[0]], RunSucceeded("0"))
    assert [run["output"] for run in await ended(stage, *run_ids)] == [0, 1]


async def test_all_are_told_as_they_are_when_the_time_is_up(stage: Stage) -> None:
    await stage.work(job("greet"))
    run_ids = [(await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"] for _ in range(2)]
    assert [run["id"] for run in await ended(stage, *run_ids, wait=0)] == run_ids
    waiting = asyncio.ensure_future(ended(stage, *run_ids))
    while not waiting.done():  # it may not have begun to count when the clock is first turned
        stage.clock.advance(31 * SECOND)
        await asyncio.sleep(0)
    assert [run["status"] for run in await waiting] == ["PENDING", "PENDING"]


async def test_nobody_waits_beside_an_unknown_run(stage: Stage) -> None:
    await stage.work(job("greet"))
    run_id = (await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"]
    assert [run["id"] for run in await ended(stage, "run_nope", run_id, run_id)] == [run_id]
    assert await ended(stage, "run_nope") == []


async def test_waiting_for_several_ends_when_the_server_stops(stage: Stage) -> None:
    await stage.work(job("greet"))
    run_ids = [(await stage.ask("POST", "/api/v1/jobs/greet/trigger"))["id"] for _ in range(2)]
    waiting = asyncio.ensure_future(ended(stage, *run_ids))
    await asyncio.sleep(0)
    stage.platform.stop_serving()
    assert [run["id"] for run in await waiting] == run_ids


@pytest.mark.parametrize("query", ["", "ids=", "ids=run_a&wait=-1", "ids=run_a&until=now"])
async def test_bad_parameters_are_named(stage: Stage, query: str) -> None:
    problem = await stage.refused(400, "GET", f"{RUNS}/ended?{query}")
    assert problem["errors"][0]["path"] == (query.rpartition("&")[2].partition("=")[0] or "ids")


async def test_more_runs_than_a_page_has_are_too_many(stage: Stage) -> None:
    many = ",".join(["run_a"] * (stage.platform.settings.max_page_size + 1))
    assert "max_page_size" in (await stage.refused(400, "GET", f"{RUNS}/ended?ids={many}"))["detail"]


async def test_runs_of_others_are_unknown_and_keys_are_asked_for(stage: Stage) -> None:
    for method, path in (("GET", f"{RUNS}/ended?ids=run_a"), ("GET", f"{RUNS}/run_a"), ("POST", RUNS)):
        await stage.refused(401, method, path, headers={"Authorization": "Bearer tr_dev_wrong"})


# ── the way past the framework ───────────────────────────────────────────────────────────────────────
async def test_other_methods_of_a_plain_route_are_refused_as_everywhere(stage: Stage) -> None:
    for path in (f"{RUNS}/ended", "/api/v1/events/batch", "/worker/v1/claim"):
        problem = await stage.refused(405, "PUT", path)
        assert problem["code"] == "method_not_allowed"
    assert (await stage.refused(404, "GET", f"{RUNS}/a/b"))["code"] == "no_such_route"
    assert (await stage.refused(404, "GET", f"{RUNS}/a%20b"))["code"] == "not_found"
