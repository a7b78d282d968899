"""Schedules: a run per slot and no more, whatever the servers and their clocks do (I8)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from engine.items import AMOUNT, job
from engine.live import Live
from engine.pair import Pair
from engine.world import World
from mainspring.clock import DAY, HOUR, MINUTE, SECOND, to_iso
from mainspring.codec import decode
from mainspring.engine.commands import EnableJob, FireTimers, PauseSchedule, RunSchedule
from mainspring.engine.inspect import get_schedule, list_runs, list_schedules
from mainspring.engine.views import RunQuery, ScheduleQuery, ScheduleView
from mainspring.errors import Conflict, InvalidTrigger, NotFound
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.runs import Run
from mainspring.model.schedules import ScheduleDraft, schedule_of_draft

HOURLY = TriggerSpec("cron", cron="0 * * * *", timezone="UTC")


def timed(job_id: str = "report", *triggers: TriggerSpec, **options: Any) -> JobSpec:
    return replace(job(job_id, **options), triggers=triggers or (HOURLY,))


def runs(world: World) -> list[Run]:
    """All of them, in the order of their slots."""
    with world.read() as tx:
        found = [view.run for view in list_runs(tx, world.env, RunQuery(limit=1_000), world.now).data]
    return sorted(found, key=lambda run: str(decode(run.payload)["timestamp"]))


def slots(world: World) -> list[float]:
    """When the runs were due, in hours of the world."""
    return [hours_of(decode(run.payload)["timestamp"]) for run in runs(world)]


def hours_of(iso: str) -> float:
    return int(iso[11:13]) + int(iso[14:16]) / 60 + 24 * (int(iso[8:10]) - 1)


def shown(world: World, schedule_id: str = "report") -> ScheduleView:
    with world.read() as tx:
        found = get_schedule(tx, world.env, schedule_id)
    assert found is not None
    return found


# ── a run per slot ───────────────────────────────────────────────────────────────────────────────────
def test_I8_each_slot_starts_one_run(world: World) -> None:
    world.worker(timed())
    began = world.now
    assert world.wake.timer_at == began + HOUR
    assert world.fire().next_at == began + HOUR
    world.advance(3599)
    assert (world.fire().count, runs(world)) == (0, [])
    world.advance(1)
    fired = world.fire()
    assert (fired.count, fired.next_at) == (1, began + 2 * HOUR)
    assert world.wake.ready == {world.env}
    assert world.fire().count == 0
    (run,) = runs(world)
    assert (run.status, run.is_ready, run.job_id) == ("PENDING", True, "report")
    assert run.idempotency_key == f"schedule:report@{to_iso(began + HOUR)}"
    world.advance(3600)
    world.fire()
    assert slots(world) == [1, 2]


def test_the_payload_tells_of_the_slot(world: World) -> None:
    world.worker(timed("report", replace(HOURLY, timezone="Europe/Paris")))
    began = world.now
    for _ in range(2):
        world.advance(3600)
        world.fire()
    first, second = [decode(run.payload) for run in runs(world)]
    assert first["last_timestamp"] is None
    assert second == {
        "timestamp": to_iso(began + 2 * HOUR),
        "last_timestamp": to_iso(began + HOUR),
        "timezone": "Europe/Paris",
        "schedule_id": "report",
        "external_id": None,
        "key": None,
        "metadata": {},
        "upcoming": [to_iso(began + hour * HOUR) for hour in range(3, 8)],
    }


def test_intervals_go_on_from_their_registration(world: World) -> None:
    world.advance(7)
    world.worker(timed("often", TriggerSpec("interval", every=90 * SECOND)))
    began = world.now
    for _ in range(3):
        world.advance(90)
        assert world.fire().count == 1
    assert [decode(run.payload)["timestamp"] for run in runs(world)] == [
        to_iso(began + n * 90 * SECOND) for n in (1, 2, 3)
    ]


def test_jitter_puts_runs_off_by_less_than_its_span(world: World) -> None:
    world.worker(*(timed(f"report-{n}", replace(HOURLY, jitter=10 * MINUTE)) for n in range(20)))
    world.advance(3600)
    world.fire()
    waits = [run.available_at - world.now for run in runs(world)]
    assert len(set(waits)) == 20
    assert all(0 <= wait < 10 * MINUTE for wait in waits)
    world.advance(600)
    world.fire()
    assert all(run.is_ready for run in runs(world))


def test_more_schedules_than_fit_a_batch_come_in_several(world: World) -> None:
    world.worker(*(timed(f"report-{n}") for n in range(25)))
    world.advance(3600)
    fired = world.fire(10)
    assert (fired.count, fired.next_at) == (10, world.now)
    assert [world.fire(10).count for _ in range(3)] == [10, 5, 0]
    assert len({run.job_id for run in runs(world)}) == len(runs(world)) == 25


def test_I8_sixty_thousand_schedules_that_are_due_in_one_second_start_a_run_each(world: World) -> None:
    """In batches so small that whatever else is asked for has its turn between them. On PostgreSQL, where it takes
    five times as long, a tenth of them: `benchmarks/schedules.py` plays them all there, with two servers."""
    number_of = 60_000 if world.database.dialect == "sqlite" else 6_000
    world.worker(timed("report", TriggerSpec("dynamic", dynamic="tenants")))
    drafts = [ScheduleDraft("tenants", f"tenant-{number}", every=HOUR) for number in range(number_of)]
    with world.database.write() as tx:
        tx.run_many(
            "save_schedule", [schedule_of_draft(world.env, one, "report", world.now) for one in drafts]
        )
    world.advance(3600)
    counts = []
    while count := world.fire().count:
        counts.append(count)
    assert (sum(counts), max(counts)) == (number_of, 250)
    keys = started_keys(world)
    assert len(keys) == len(set(keys)) == number_of


def started_keys(world: World) -> list[str | None]:
    keys: list[str | None] = []
    query = RunQuery(limit=1_000)
    while True:
        with world.read() as tx:
            page = list_runs(tx, world.env, query, world.now)
        keys += [view.run.idempotency_key for view in page.data]
        if page.next_cursor is None:
            return keys
        query = replace(query, cursor=page.next_cursor)


# ── late ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("catch_up", "expected"), [("none", []), ("last", [5]), ("all", [1, 2, 3, 4, 5])])
def test_I8_missed_slots_follow_the_rule(world: World, catch_up: Any, expected: list[float]) -> None:
    world.worker(timed("report", replace(HOURLY, catch_up=catch_up)))
    world.advance(5.5 * 3600)
    world.worker(timed("report", replace(HOURLY, catch_up=catch_up)))  # a deploy forgets nothing
    world.fire()
    assert slots(world) == expected
    world.advance(1800)
    world.fire()
    assert slots(world) == [*expected, 6]


def test_a_long_backlog_comes_in_portions(world: World) -> None:
    world.worker(timed("report", replace(HOURLY, catch_up="all")))
    world.advance(10.5 * 24 * 3600)
    fired = world.fire()
    assert (len(runs(world)), (fired.next_at or 0) < world.now) == (100, True)
    world.fire()
    world.fire()
    assert slots(world) == list(range(1, 253))
    assert world.fire().count == 0


@pytest.mark.parametrize("back", [10 * MINUTE, 5 * HOUR, 20 * DAY])
def test_a_clock_set_back_repeats_no_slot_and_silences_none(world: World, back: int) -> None:
    """The slots that come again find their runs; those that had not come yet start theirs."""
    world.worker(timed())
    for _ in range(3):
        world.advance(3600)
        world.fire()
    world.clock.shift(10 * DAY)  # forward, and a run of that time
    world.advance(3600)
    world.fire()
    before = {run.idempotency_key for run in runs(world)}
    assert len(before) == 4
    world.clock.shift(-back)
    world.fire()
    for _ in range(24):
        world.advance(3600)
        world.fire()
    found = [run.idempotency_key for run in runs(world)]
    assert len(found) == len(set(found))
    assert len(found) >= 4 + min(24, back // HOUR) - 1
    with world.read() as tx:
        (view,) = list_schedules(tx, world.env, ScheduleQuery()).data
    assert view.schedule.next_at is not None
    assert 0 < view.schedule.next_at - world.now <= HOUR


async def test_a_jump_of_the_clock_is_noticed_within_a_nap(live: Live) -> None:
    await live.worker(timed())
    live.clock.shift(30 * DAY)
    await live.advance(3600)
    live.clock.shift(-30 * DAY)
    await live.advance(2)
    view = await live.engine.read(get_schedule, live.env, "report")
    assert view is not None
    assert 0 < (view.schedule.next_at or 0) - live.clock.now() <= HOUR


# ── several servers ──────────────────────────────────────────────────────────────────────────────────
async def test_I8_two_servers_that_fire_at_once_start_one_run(pair: Pair) -> None:
    await pair.a.worker(timed(), timed("other"))
    clock = pair.a.clock
    for _ in range(5):
        clock.advance(HOUR)
        commands = [live.engine._committer.submit(FireTimers()).future for live in (pair.a, pair.b)]
        await asyncio.gather(*commands)  # type: ignore[arg-type]  # submitted on a loop
    page = await pair.a.engine.read(list_runs, pair.a.env, RunQuery(limit=1_000), clock.now())
    keys = sorted(str(view.run.idempotency_key) for view in page.data)
    assert len(keys) == len(set(keys)) == 10


def test_I8_a_year_of_two_servers_whose_clocks_differ(world: World) -> None:
    """Each fires by its own clock, one ten seconds after the other; a slot falls between them now and then."""
    daily = replace(HOURLY, cron="30 2 * * *", timezone="America/New_York", catch_up="all")
    world.worker(timed("report", daily))
    for _ in range(366):
        world.advance(24 * 3600)
        for shift in (3 * SECOND, -7 * SECOND):
            world.clock.shift(shift)
            world.fire()
            world.clock.shift(-shift)
    days = [str(decode(run.payload)["timestamp"])[:10] for run in runs(world)]
    first = date(2026, 1, 1)
    assert days == [str(first + timedelta(days=number)) for number in range(366)]


# ── changed, paused, refused ─────────────────────────────────────────────────────────────────────────
def test_a_changed_timetable_counts_from_its_registration(world: World) -> None:
    world.worker(timed("report", replace(HOURLY, catch_up="all")))
    world.advance(2.5 * 3600)
    world.worker(timed("report", replace(HOURLY, cron="30 * * * *", catch_up="all")))
    world.advance(3600)
    world.fire()
    assert slots(world) == [3.5]
    world.worker(timed("report", TriggerSpec("invoke")))
    with world.read() as tx:
        assert list_schedules(tx, world.env, ScheduleQuery()).data == []
    world.advance(3600)
    world.fire()
    assert slots(world) == [3.5]


def test_a_paused_schedule_starts_nothing_and_makes_nothing_up(world: World) -> None:
    spec = timed("report", replace(HOURLY, catch_up="all"))
    world.worker(spec)
    paused = world.do(PauseSchedule(world.env, "report", True))
    assert (paused.next_at, paused.paused_at) == (None, world.now)
    assert world.do(PauseSchedule(world.env, "report", True)) == paused
    world.worker(spec)  # a deploy does not undo a person's pause, whatever it changes
    world.worker(timed("report", replace(HOURLY, cron="30 * * * *", catch_up="all")))
    world.worker(spec)
    world.advance(5.5 * 3600)
    world.fire()
    assert shown(world).upcoming == ()
    world.do(PauseSchedule(world.env, "report", False))
    assert world.wake.timer_at == world.now + HOUR // 2
    world.advance(1800)
    world.fire()
    assert slots(world) == [6]


def test_a_run_by_hand_leaves_the_slots_alone(world: World) -> None:
    world.worker(timed())
    world.advance(600)
    before = shown(world)
    command = RunSchedule(world.env, "report", "run_x", "once")
    run = world.do(command)
    assert world.do(replace(command, new_run_id="run_y")) == world.do(command)
    assert decode(run.payload)["timestamp"] == to_iso(world.now)
    last_run = (run.id, "PENDING")
    assert shown(world) == replace(before, last_run=last_run)
    world.do(PauseSchedule(world.env, "report", True))
    assert world.do(RunSchedule(world.env, "report", "run_z")).status == "PENDING"
    assert len(runs(world)) == 2


def test_why_a_slot_started_nothing_is_kept(world: World) -> None:
    world.worker(timed(), timed("strict", payload_schema=AMOUNT))
    world.do(EnableJob(world.env, "report", False))
    world.advance(3600)
    world.fire()
    assert runs(world) == []
    assert shown(world).schedule.refusal == "the job 'report' is disabled"
    assert "amount: is required" in (shown(world, "strict").schedule.refusal or "")
    with pytest.raises(Conflict):
        world.do(RunSchedule(world.env, "report", "run_x"))
    world.do(EnableJob(world.env, "report", True))
    world.advance(3600)
    world.fire()
    assert [run.job_id for run in runs(world)] == ["report"]
    assert shown(world).schedule.refusal is None


def test_what_is_not_there_is_not_found(world: World) -> None:
    other = world.environment("other")
    world.worker(timed())
    for command in (
        PauseSchedule(other, "report", True),
        RunSchedule(other, "report", "run_x"),
        PauseSchedule(world.env, "nope", False),
    ):
        with pytest.raises(NotFound):
            world.do(command)


def test_a_worker_with_a_wrong_timetable_is_refused(world: World) -> None:
    with pytest.raises(InvalidTrigger, match="the hour"):
        world.worker(timed("report", replace(HOURLY, cron="0 25 * * *")))


def test_one_schedule_two_environments(world: World) -> None:
    other = world.environment("other")
    world.worker(timed())
    world.worker(timed(), environment_id=other)
    world.do(PauseSchedule(other, "report", True))
    world.advance(3600)
    world.fire()
    assert slots(world) == [1]


def test_finding_what_is_due_reads_no_other_schedule(world: World) -> None:
    world.worker(*(timed(f"report-{n}") for n in range(500)))
    for statement, index in (("due_schedules", "due_schedules"), ("schedules_ahead", "schedules")):
        plan = world.plan(statement, now=world.now, ahead=world.now, limit=100)
        assert index in plan, plan
