"""What becomes of a slot while a run of its schedule is still under way."""

from dataclasses import replace

from engine.test_schedules import HOURLY, runs, shown, slots, timed
from engine.world import World
from mainspring.engine.commands import RunSchedule
from mainspring.model.protocol import RunSucceeded


def test_runs_may_overlap_unless_told_otherwise(world: World) -> None:
    world.worker(timed())
    for _ in range(2):
        world.advance(3600)
        world.fire()
    assert [run.status for run in runs(world)] == ["PENDING", "PENDING"]


def test_skip_starts_nothing_while_a_run_is_under_way(world: World) -> None:
    worker = world.worker(timed("report", replace(HOURLY, overlap="skip")))
    world.advance(3600)
    world.fire()
    first = worker.take_one()
    for _ in range(2):
        world.advance(3600)
        world.fire()
    assert slots(world) == [1]
    assert shown(world).schedule.refusal == f"run {first.run_id} was still under way (overlap: skip)"
    worker.report(first, RunSucceeded("null"))
    world.advance(3600)
    world.fire()
    assert slots(world) == [1, 4]
    assert shown(world).schedule.refusal is None


def test_skip_counts_slots_that_come_together(world: World) -> None:
    world.worker(timed("report", replace(HOURLY, overlap="skip", catch_up="all")))
    world.advance(3.5 * 3600)
    world.fire()
    assert slots(world) == [1]
    assert "overlap: skip" in (shown(world).schedule.refusal or "")


def test_queue_has_slots_wait_for_the_one_before(world: World) -> None:
    worker = world.worker(timed("report", replace(HOURLY, overlap="queue", catch_up="all")))
    world.advance(3.5 * 3600)
    world.fire()
    assert slots(world) == [1, 2, 3]
    first = worker.take_one()
    assert worker.take() == ()
    waiting = [run.id for run in runs(world) if run.id != first.run_id]
    assert {world.reason(run_id) for run_id in waiting} == {"singleton"}
    worker.report(first, RunSucceeded("null"))
    second = worker.take_one()
    assert second.run_id in waiting
    assert worker.take() == ()


def test_cancel_ends_what_is_under_way(world: World) -> None:
    worker = world.worker(timed("report", replace(HOURLY, overlap="cancel")))
    world.advance(3600)
    world.fire()
    world.advance(3600)
    world.fire()
    assert [run.status for run in runs(world)] == ["CANCELLED", "PENDING"]
    held = worker.take_one()
    world.advance(3600)
    world.fire()
    assert world.run(held.run_id).cancel_requested_at == world.now
    assert slots(world) == [1, 2, 3]


def test_cancel_counts_slots_that_come_together_and_runs_by_hand(world: World) -> None:
    world.worker(timed("report", replace(HOURLY, overlap="cancel", catch_up="all")))
    by_hand = world.do(RunSchedule(world.env, "report", "run_by_hand"))
    world.advance(3.5 * 3600)
    world.fire()
    assert world.status(by_hand.id) == "CANCELLED"
    assert [run.status for run in runs(world) if run.id != by_hand.id] == [
        "CANCELLED",
        "CANCELLED",
        "PENDING",
    ]


def test_others_are_left_alone(world: World) -> None:
    other = world.environment("other")
    careful = replace(HOURLY, overlap="cancel")
    world.worker(timed("report", careful), timed("tidy", careful))
    world.worker(timed("report", careful), environment_id=other)
    world.advance(3600)
    world.fire()
    world.advance(1)
    run = world.call("report", '{"timestamp":""}')
    world.advance(3599)
    world.fire()
    assert world.status(run.id) == "PENDING"
    found = {(one.job_id, one.status) for one in runs(world) if one.schedule_id}
    assert found == {
        ("report", "CANCELLED"),
        ("report", "PENDING"),
        ("tidy", "CANCELLED"),
        ("tidy", "PENDING"),
    }


def test_finding_what_is_under_way_reads_no_other_run(world: World) -> None:
    worker = world.worker(timed())
    for _ in range(300):
        world.call("report")
    for run in worker.take(100):
        worker.report(run, RunSucceeded("null"))
    plan = world.plan("open_runs_of_schedules", ids=["report"])
    assert "runs_open_by_schedule" in plan or "runs_by_schedule" in plan, plan
