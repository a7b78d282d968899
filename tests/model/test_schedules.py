"""Which slots of a schedule start runs, on time and late."""

from dataclasses import replace

import pytest

from mainspring.clock import DAY, HOUR, MINUTE, SECOND
from mainspring.errors import InvalidTrigger
from mainspring.model.jobs import CatchUp, JobSpec, TriggerSpec
from mainspring.model.schedules import Schedule, check_times, due_slots, schedules_of, slot_key, spread

NOON = 12 * HOUR


def schedule(catch_up: CatchUp = "none", cron: str = "0 * * * *", jitter: int | None = None) -> Schedule:
    trigger = TriggerSpec("cron", cron=cron, catch_up=catch_up, jitter=jitter)
    (made,) = schedules_of("env", JobSpec("report", "Report", "1", (trigger,)), NOON)
    return made


def test_every_time_trigger_of_a_job_is_a_schedule_of_its_own() -> None:
    triggers = (
        TriggerSpec("event", ("order",)),
        TriggerSpec("cron", cron="@hourly", timezone="Europe/Paris"),
        TriggerSpec("invoke"),
        TriggerSpec("interval", every=5 * MINUTE),
    )
    hourly, often = schedules_of("env", JobSpec("report", "Report", "1", triggers), NOON)
    assert (hourly.id, hourly.kind, hourly.cron, hourly.next_at) == ("report", "cron", "0 * * * *", 13 * HOUR)
    assert (often.id, often.kind, often.next_at) == ("report:2", "interval", NOON + 5 * MINUTE)


@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
def test_a_slot_is_due_at_its_instant_and_for_a_minute(catch_up: CatchUp) -> None:
    made = schedule(catch_up)
    assert due_slots(made, 13 * HOUR - 1, 100) == []
    for late in (0, 1, MINUTE):
        assert due_slots(made, 13 * HOUR + late, 100) == [13 * HOUR]


@pytest.mark.parametrize(("catch_up", "hours"), [("none", []), ("last", [16]), ("all", [13, 14, 15, 16])])
def test_missed_slots_follow_the_rule(catch_up: CatchUp, hours: list[int]) -> None:
    found = due_slots(schedule(catch_up), 16 * HOUR + 30 * MINUTE, 100)
    assert found == [hour * HOUR for hour in hours]


def test_a_slot_on_time_makes_up_for_those_before() -> None:
    assert due_slots(schedule("last"), 16 * HOUR + SECOND, 100) == [16 * HOUR]
    assert due_slots(schedule("none"), 16 * HOUR + SECOND, 100) == [16 * HOUR]


def test_many_missed_slots_come_in_portions_the_oldest_first() -> None:
    assert due_slots(schedule("all"), 30 * DAY, 3) == [13 * HOUR, 14 * HOUR, 15 * HOUR]
    secondly = schedule("none", "* * * * * *")
    assert len(due_slots(secondly, 365 * DAY, 100)) == 61


def test_what_is_paused_is_never_due() -> None:
    assert due_slots(replace(schedule("all"), next_at=None), 30 * DAY, 100) == []


def test_jitter_spreads_within_its_span_and_always_the_same() -> None:
    made = schedule(jitter=MINUTE)
    found = [spread(made, hour * HOUR) for hour in range(200)]
    assert found == [spread(made, hour * HOUR) for hour in range(200)]
    assert all(0 <= span < MINUTE for span in found)
    assert min(found) < 10 * SECOND
    assert max(found) > 50 * SECOND
    assert spread(schedule(), HOUR) == 0


def test_a_slot_has_a_key_of_its_own() -> None:
    assert slot_key("report", NOON) == "schedule:report@1970-01-01T12:00:00.000000Z"


@pytest.mark.parametrize(
    "trigger",
    [
        TriggerSpec("cron"),
        TriggerSpec("cron", cron="nonsense"),
        TriggerSpec("cron", cron="@daily", timezone="Mars"),
        TriggerSpec("interval"),
        TriggerSpec("interval", every=1),
        TriggerSpec("cron", cron="@daily", jitter=-1),
    ],
)
def test_what_a_worker_says_is_checked(trigger: TriggerSpec) -> None:
    with pytest.raises(InvalidTrigger):
        check_times(trigger)
