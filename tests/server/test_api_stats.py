"""Counts over HTTP: by time, by job, and what stands now."""

import pytest

from engine.items import done
from mainspring.clock import HOUR, MINUTE, SECOND, to_iso
from mainspring.model.jobs import JobSpec, TriggerSpec
from stage import Stage, job

STATS = "/api/v1/stats"


async def test_what_ended_is_counted_by_time_and_by_job(stage: Stage) -> None:
    worker = await stage.work(job("greet"), job("bye"))
    for job_id in ("greet", "greet", "bye"):
        await stage.ask("POST", f"/api/v1/jobs/{job_id}/trigger", {"payload": {}})
        run = await worker.claim_one()
        stage.clock.advance(2 * SECOND)
        await worker.report(run, done())
    await stage.ask("POST", "/api/v1/jobs/bye/trigger", {"payload": {}})
    now = stage.clock.now()

    shown = await stage.ask("GET", STATS)
    assert (shown["span"], shown["bucket"], len(shown["buckets"])) == ("24h", 1800.0, 48)
    assert (shown["until"], shown["buckets"][0]["at"]) == (to_iso(now), shown["since"])
    assert shown["buckets"][-1] == {"at": to_iso(now - now % (30 * MINUTE)), "counts": {"SUCCESS": 3}}
    assert shown["ended"]["success_rate"] == 1.0
    assert shown["ended"]["p50"] == pytest.approx(2, rel=0.12)
    assert shown["now"] == {
        "pending": 1,
        "running": 0,
        "waiting": 0,
        "approvals": 0,
        "tokens": 0,
        "counted_to": 10_000,
    }

    hour = await stage.ask("GET", f"{STATS}?span=1h&job=bye")
    assert (hour["bucket"], hour["ended"]["counts"], hour["now"]["pending"]) == (60.0, {"SUCCESS": 1}, 1)
    by_job = (await stage.ask("GET", f"{STATS}/jobs?span=24h"))["data"]
    assert [(one["job_id"], one["counts"]) for one in by_job] == [
        ("bye", {"SUCCESS": 1}),
        ("greet", {"SUCCESS": 2}),
    ]
    assert [one["job_id"] for one in (await stage.ask("GET", f"{STATS}/jobs?job=bye"))["data"]] == ["bye"]


async def test_what_comes_next_is_told(stage: Stage) -> None:
    every_hour = TriggerSpec("interval", every=HOUR)
    await stage.work(JobSpec("tidy", "Tidy", "1.0.0", (every_hour,)), job("other"))
    (slot,) = (await stage.ask("GET", STATS))["next_slots"]
    assert slot["job_id"] == "tidy"
    assert slot["at"] > to_iso(stage.clock.now())
    assert (await stage.ask("GET", f"{STATS}?job=other"))["next_slots"] == []
    shown = {one["id"]: one for one in (await stage.ask("GET", "/api/v1/jobs"))["data"]}
    assert (shown["tidy"]["next_run_at"], shown["other"]["next_run_at"]) == (slot["at"], None)


@pytest.mark.parametrize("query", ["span=2h", "spam=1h", f"job={'j' * 257}"])
async def test_what_is_not_understood_is_refused(stage: Stage, query: str) -> None:
    for path in (STATS, f"{STATS}/jobs"):
        problem = await stage.refused(400, "GET", f"{path}?{query}")
        assert problem["errors"][0]["path"] == query.split("=")[0]
