"""Schedules registered at run time, backfills, and which schedule started what."""

from dataclasses import replace
from typing import Any

import pytest

from engine.items import job
from engine.test_schedules import HOURLY, runs, shown, slots, timed
from engine.world import World
from mainspring.clock import HOUR, MINUTE, to_iso
from mainspring.codec import decode
from mainspring.engine.commands import (
    BackfillSchedule,
    PauseSchedule,
    RegisterSchedule,
    RunSchedule,
    UnregisterSchedule,
)
from mainspring.engine.inspect import get_schedule, list_runs, list_schedules
from mainspring.engine.views import RunQuery, ScheduleQuery
from mainspring.errors import BadRequest, Conflict, InvalidTrigger, LimitExceeded, NotFound
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.limits import Limits
from mainspring.model.schedules import ScheduleDraft

REPORTS = TriggerSpec("dynamic", dynamic="reports")


def register(world: World, key: str = "acme", environment_id: str | None = None, **given: Any) -> Any:
    given = given if "every" in given else {"cron": "0 * * * *", **given}
    draft = ScheduleDraft("reports", key, **given)
    return world.do(RegisterSchedule(environment_id or world.env, draft))


def reports(job_id: str = "report") -> JobSpec:
    return timed(job_id, REPORTS)


# ── at run time ──────────────────────────────────────────────────────────────────────────────────────
def test_a_registered_schedule_starts_runs(world: World) -> None:
    world.worker(reports())
    schedule = register(world, timezone="Europe/Paris", external_id="tenant-7", metadata='{"plan":"pro"}')
    assert (schedule.id, schedule.job_id, schedule.next_at) == ("reports@acme", "report", world.now + HOUR)
    assert world.wake.timer_at == world.now + HOUR
    world.advance(3600)
    world.fire()
    (run,) = runs(world)
    assert (run.job_id, run.schedule_id) == ("report", "reports@acme")
    tick = decode(run.payload)
    assert (tick["external_id"], tick["key"], tick["metadata"]) == ("tenant-7", "acme", {"plan": "pro"})
    assert tick["schedule_id"] == "reports@acme"


def test_registering_again_changes_it_and_keeps_its_place(world: World) -> None:
    world.worker(reports())
    register(world, every=90 * MINUTE)
    world.advance(1800)
    again = register(world, every=90 * MINUTE, external_id="t")
    assert (again.next_at, again.external_id) == (world.now + HOUR, "t")
    world.do(PauseSchedule(world.env, again.id, True))
    changed = register(world, every=HOUR)
    assert (changed.next_at, changed.paused_at) == (None, world.now)


def test_a_deploy_leaves_registered_schedules_alone(world: World) -> None:
    world.worker(reports())
    register(world)
    world.advance(1800)
    world.worker(reports())
    world.advance(1800)
    world.fire()
    assert slots(world) == [1]


def test_one_may_be_registered_before_its_job(world: World) -> None:
    early = register(world)
    assert (early.job_id, early.next_at) == ("", None)
    assert early.refusal == "no job has the trigger dynamic_schedule('reports')"
    with pytest.raises(Conflict, match="sleeps"):
        world.do(RunSchedule(world.env, early.id, "run_x"))
    world.advance(7200)
    assert world.fire().count == 0
    world.worker(reports())
    assert world.wake.timer_at == world.now + HOUR
    woken = shown(world, early.id).schedule
    assert (woken.job_id, woken.next_at, woken.refusal) == ("report", world.now + HOUR, None)


def test_it_sleeps_while_no_job_has_the_trigger_and_follows_it_to_another(world: World) -> None:
    world.worker(reports())
    register(world)
    world.worker(replace(job("report"), triggers=()))
    assert (shown(world, "reports@acme").schedule.job_id, world.fire().next_at) == ("", None)
    world.do(PauseSchedule(world.env, "reports@acme", True))
    world.do(PauseSchedule(world.env, "reports@acme", False))
    assert shown(world, "reports@acme").schedule.next_at is None
    world.worker(reports("newer"))
    assert shown(world, "reports@acme").schedule.job_id == "newer"
    world.worker(reports("newest"))
    assert shown(world, "reports@acme").schedule.job_id == "newest"
    world.advance(3600)
    world.fire()
    assert [run.job_id for run in runs(world)] == ["newest"]


def test_unregistering(world: World) -> None:
    world.worker(timed("static"), reports())
    register(world)
    assert world.do(UnregisterSchedule(world.environment("other"), "reports@acme")) is False
    assert world.do(UnregisterSchedule(world.env, "reports@acme")) is True
    assert world.do(UnregisterSchedule(world.env, "reports@acme")) is False
    with pytest.raises(Conflict, match="a trigger of the job"):
        world.do(UnregisterSchedule(world.env, "static"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cron": "0 25 * * *"}, "the hour"),
        ({"cron": "0 0 30 2 *"}, "never comes"),
        ({"cron": "@daily", "timezone": "Europe/Pari"}, "Did you mean 'Europe/Paris'"),
        ({"cron": None}, "or neither"),
        ({"cron": "@daily", "every": HOUR}, "both cron and every"),
        ({"every": 1}, "no interval"),
        ({"every": HOUR, "timezone": "UTC"}, "a time zone"),
        ({"key": "a/b"}, "without a slash"),
        ({"key": ""}, "no key"),
    ],
)
def test_what_is_wrong_is_refused(world: World, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTrigger) as caught:
        register(world, **given)
    assert message in str(caught.value)
    with world.read() as tx:
        assert list_schedules(tx, world.env, ScheduleQuery()).data == []


def test_lists_come_in_pages_and_filter(world: World) -> None:
    world.worker(timed("a-static"), reports())
    for number in range(3):
        register(world, f"t{number}", external_id=f"tenant-{number % 2}")

    def ids(**query: Any) -> list[str]:
        with world.read() as tx:
            return [one.schedule.id for one in list_schedules(tx, world.env, ScheduleQuery(**query)).data]

    assert ids(dynamic_id="reports") == ["reports@t0", "reports@t1", "reports@t2"]
    assert ids(external_id="tenant-0") == ["reports@t0", "reports@t2"]
    assert ids(job_id="a-static") == ["a-static"]
    with world.read() as tx:
        page = list_schedules(tx, world.env, ScheduleQuery(limit=2))
        rest = list_schedules(tx, world.env, ScheduleQuery(limit=2, cursor=page.next_cursor))
    assert [one.schedule.id for one in page.data + rest.data] == ids()
    assert rest.next_cursor is None


# ── backfilled ───────────────────────────────────────────────────────────────────────────────────────
def test_I8_a_backfill_starts_each_slot_once(world: World) -> None:  # noqa: N802
    world.worker(timed())
    began = world.now
    world.advance(3600)
    world.fire()
    world.advance(4.5 * 3600)
    asked = BackfillSchedule(world.env, "report", began, began + 4 * HOUR)
    done = world.do(asked)
    assert [(one.slot, one.is_new) for one in done] == [
        (began, True),
        (began + HOUR, False),
        *((began + n * HOUR, True) for n in (2, 3, 4)),
    ]
    again = world.do(asked)
    assert [(one.run_id, one.is_new) for one in again] == [(one.run_id, False) for one in done]
    assert slots(world) == [0, 1, 2, 3, 4]
    world.fire()
    payloads = [decode(run.payload) for run in runs(world)]
    assert [one["last_timestamp"] for one in payloads[2:]] == [to_iso(began + n * HOUR) for n in (1, 2, 3)]
    assert {run.schedule_id for run in runs(world)} == {"report"}


def test_a_backfill_is_bounded_and_of_the_past(world: World) -> None:
    world.limits = Limits(max_runs_per_batch=3)
    world.worker(timed())
    began = world.now
    world.advance(24 * 3600)
    assert len(world.do(BackfillSchedule(world.env, "report", began, began + 2 * HOUR))) == 3
    with pytest.raises(LimitExceeded, match="max_runs_per_batch"):
        world.do(BackfillSchedule(world.env, "report", began, began + 3 * HOUR))
    for since, until in ((began, world.now + HOUR), (began + HOUR, began)):
        with pytest.raises(BadRequest):
            world.do(BackfillSchedule(world.env, "report", since, until))
    with pytest.raises(NotFound):
        world.do(BackfillSchedule(world.env, "nope", began, began))
    assert world.do(BackfillSchedule(world.env, "report", began + MINUTE, began + 2 * MINUTE)) == ()


def test_a_backfill_that_is_refused_starts_nothing(world: World) -> None:
    world.worker(replace(timed(), enabled=False))
    with pytest.raises(Conflict, match="disabled"):
        world.do(BackfillSchedule(world.env, "report", world.now - HOUR, world.now))
    assert runs(world) == []


# ── which schedule ───────────────────────────────────────────────────────────────────────────────────
def test_runs_are_listed_by_schedule(world: World) -> None:
    world.worker(timed("report", HOURLY, replace(HOURLY, cron="0 1 * * *")))
    by_hand = world.do(RunSchedule(world.env, "report", "run_by_hand"))
    world.advance(3600)
    world.fire()
    with world.read() as tx:
        first = list_runs(tx, world.env, RunQuery(schedule_id="report"), world.now).data
        second = list_runs(tx, world.env, RunQuery(schedule_id="report:2"), world.now).data
        assert get_schedule(tx, world.env, "report:2") is not None
    assert by_hand.id in {view.run.id for view in first}
    assert (len(first), len(second)) == (2, 1)


def test_nobody_else_uses_the_keys_of_slots(world: World) -> None:
    world.worker(timed())
    with pytest.raises(BadRequest, match="belong to schedules"):
        world.call("report", idempotency_key=f"schedule:report@{to_iso(world.now + HOUR)}")
