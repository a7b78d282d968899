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
        "jitter": 90.0,
        "next_at": to_iso(began + HOUR),
        "upcoming": [to_iso(began + n * HOUR) for n in range(1, 6)],
        "last_at": None,
        "paused_at": None,
        "refusal": None,
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
