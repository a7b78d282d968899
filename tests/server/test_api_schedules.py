"""Schedules over HTTP: shown with their next slots, paused, resumed, run by hand."""

from dataclasses import replace

import pytest

from mainspring.clock import HOUR, SECOND, to_iso
from mainspring.errors import InvalidTrigger
from mainspring.model.jobs import JobSpec, TriggerSpec
from stage import Stage, job

SCHEDULES = "/api/v1/schedules"


def timed(job_id: str = "report") -> JobSpec:
    hourly = TriggerSpec("cron", cron="@hourly", timezone="Europe/Paris", catch_up="last", jitter=90 * SECOND)
    return replace(job(job_id), triggers=(hourly, TriggerSpec("interval", every=90 * SECOND)))


async def test_a_schedule_is_shown_whole(stage: Stage) -> None:
    await stage.work(timed())
    began = stage.clock.now()
    cron = {
        "id": "report",
        "job_id": "report",
        "kind": "cron",
        "description": "At the start of every hour (Europe/Paris)",
        "cron": "0 * * * *",
        "timezone": "Europe/Paris",
        "every": None,
        "catch_up": "last",
        "overlap": "allow",
        "dynamic_schedule": None,
        "key": None,
        "external_id": None,
        "metadata": {},
        "jitter": 90.0,
        "next_at": to_iso(began + HOUR),
        "upcoming": [to_iso(began + n * HOUR) for n in range(1, 6)],
        "last_at": None,
        "paused_at": None,
        "refusal": None,
        "last_run": None,
    }
    assert await stage.ask("GET", f"{SCHEDULES}/report") == cron
    listed = await stage.ask("GET", SCHEDULES)
    assert [one["id"] for one in listed["data"]] == ["report", "report:2"]
    interval = await stage.ask("GET", f"{SCHEDULES}/report:2")
    assert (interval["kind"], interval["every"], interval["description"]) == (
        "interval",
        90.0,
        "Every 1m 30s",
    )


async def test_pause_and_resume(stage: Stage) -> None:
    await stage.work(timed())
    paused = await stage.ask("POST", f"{SCHEDULES}/report/pause")
    assert (paused["next_at"], paused["upcoming"]) == (None, [])
    assert paused["paused_at"] == to_iso(stage.clock.now())
    assert (await stage.ask("POST", f"{SCHEDULES}/report/pause")) == paused
    resumed = await stage.ask("POST", f"{SCHEDULES}/report/resume")
    assert (resumed["next_at"], resumed["paused_at"]) == (to_iso(stage.clock.now() + HOUR), None)


async def test_run_now(stage: Stage) -> None:
    await stage.work(timed())
    headers = {"Idempotency-Key": "once"}
    run = await stage.ask("POST", f"{SCHEDULES}/report/run", headers=headers)
    assert (run["job_id"], run["payload"]["schedule_id"]) == ("report", "report")
    assert run["payload"]["timestamp"] == to_iso(stage.clock.now())
    again = await stage.ask("POST", f"{SCHEDULES}/report/run", headers=headers)
    assert again["id"] == run["id"]


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    for method, path in (("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/run")):
        problem = await stage.refused(404, method, f"{SCHEDULES}/nope{path}")
        assert "`mainspring schedules` lists them" in problem["detail"]


async def test_a_wrong_timetable_is_refused_by_name(stage: Stage) -> None:
    wrong = replace(job("report"), triggers=(TriggerSpec("cron", cron="0 25 * * *"),))
    with pytest.raises(InvalidTrigger, match="the hour"):
        await stage.work(wrong)


async def test_registered_listed_backfilled_unregistered(stage: Stage) -> None:
    dynamic = replace(job("tenant-report"), triggers=(TriggerSpec("dynamic", dynamic="reports"),))
    await stage.work(timed(), dynamic)
    body = {"dynamic_schedule": "reports", "key": "acme inc", "every": "90s", "external_id": "t1"}
    made = await stage.ask("POST", SCHEDULES, json=body)
    assert (made["id"], made["job_id"], made["every"]) == ("reports@acme inc", "tenant-report", 90.0)
    assert await stage.ask("POST", SCHEDULES, json=body) == made
    listed = await stage.ask("GET", f"{SCHEDULES}?dynamic_schedule=reports&external_id=t1")
    assert listed == {"data": [made], "next_cursor": None}
    assert (await stage.ask("GET", f"{SCHEDULES}?limit=1"))["next_cursor"] == "report"
    path = f"{SCHEDULES}/reports%40acme%20inc"
    assert await stage.ask("GET", path) == made
    began = stage.clock.now()
    asked = {"since": to_iso(began - 2 * HOUR), "until": to_iso(began)}
    done = (await stage.ask("POST", f"{SCHEDULES}/report/backfill", json=asked))["data"]
    assert [(one["slot"], one["is_new"]) for one in done] == [
        (to_iso(began - n * HOUR), True) for n in (2, 1, 0)
    ]
    runs = (await stage.ask("GET", "/api/v1/runs?schedule=report"))["data"]
    assert {run["id"] for run in runs} == {one["run_id"] for one in done}
    assert {run["schedule_id"] for run in runs} == {"report"}
    assert await stage.ask("DELETE", path) == {"id": "reports@acme inc", "deleted": True}
    assert (await stage.ask("DELETE", path))["deleted"] is False


async def test_what_cannot_be_registered_or_backfilled_says_why(stage: Stage) -> None:
    await stage.work(timed())
    body = {"dynamic_schedule": "reports", "key": "acme", "cron": "0 0 30 2 *"}
    problem = await stage.refused(422, "POST", SCHEDULES, json=body)
    assert "never comes" in problem["detail"]
    await stage.refused(400, "POST", SCHEDULES, json={**body, "cron": "@daily", "overlap": "queu"})
    await stage.refused(409, "DELETE", f"{SCHEDULES}/report")
    now = stage.clock.now()
    future = {"since": to_iso(now), "until": to_iso(now + HOUR)}
    await stage.refused(400, "POST", f"{SCHEDULES}/report/backfill", json=future)
    too_many = {"since": to_iso(now - 2000 * HOUR), "until": to_iso(now)}
    problem = await stage.refused(422, "POST", f"{SCHEDULES}/report/backfill", json=too_many)
    assert "max_runs_per_batch" in problem["detail"]
