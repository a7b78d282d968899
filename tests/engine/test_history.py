"""The account of a run: complete, in order, and only its own."""

import json

from engine.items import (
    await_run,
    broke,
    done,
    failed,
    job,
    listen,
    parked,
    sent,
    sleep,
    started,
    succeeded,
    triggered,
)
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.account import run_history
from mainspring.model.protocol import RunDraft, WaitDelivered


def test_the_whole_life_of_a_run(world: World) -> None:
    puppet = world.worker(job("bill", "order"), job("child"))
    event = world.send("order").event
    run = puppet.take_one()
    puppet.report(run, started("a"), succeeded("a"), started("b"))
    puppet.report(run, failed("b", retry_in=60, frees_slot=True), parked("b"))
    world.advance(60)
    world.fire()
    run = puppet.take_one()
    puppet.report(run, started("b", 2), succeeded("b", attempt=2, position=2))
    puppet.report(run, sent("mail", world.draft("mail"), position=3))
    puppet.report(
        run, triggered("kid", RunDraft("run_kid", "child", "{}"), position=4), await_run("w", "run_kid")
    )
    puppet.report(puppet.take_one(), done("1"))
    puppet.report(run, WaitDelivered("w", 5), listen("go", "go", timeout=5), parked("go"))
    world.advance(5)
    world.fire()
    run = puppet.take_one()
    puppet.report(run, broke("not yet", retry_in=2))
    world.advance(2)
    world.fire()
    puppet.take_one()
    puppet.die()
    run = world.worker(job("bill", "order")).take_one()
    entries = world.history(run.run_id)
    assert [f"{e.kind} {e.task_key}" if e.task_key else e.kind for e in entries] == [
        "RUN_CREATED",
        "JOB_STARTED",
        "TASK_STARTED a",
        "TASK_COMPLETED a",
        "TASK_STARTED b",
        "TASK_RETRIED b",
        "JOB_WAITING",
        "JOB_RESUMED",
        "TASK_STARTED b",
        "TASK_COMPLETED b",
        "TASK_COMPLETED mail",
        "WAIT_STARTED w",
        "TASK_COMPLETED kid",
        "WAIT_RESOLVED w",
        "WAIT_STARTED go",
        "JOB_WAITING",
        "WAIT_TIMED_OUT go",
        "JOB_RESUMED",
        "JOB_RETRIED",
        "JOB_RESUMED",
        "WORKER_LOST",
        "JOB_RESUMED",
    ]
    assert json.loads(entries[0].data or "") == {"event": event.id}
    assert [e.sequence for e in entries] == sorted(e.sequence for e in entries)
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    retried = next(e for e in entries if e.kind == "TASK_RETRIED")
    assert (retried.attempt, json.loads(retried.data or "")) == (1, {"message": "it broke", "retry_in": 60.0})
    assert json.loads(next(e for e in entries if e.kind == "JOB_WAITING").data or "") == {"for": ["b"]}
    assert json.loads(next(e for e in entries if e.kind == "WORKER_LOST").data or "")["reason"] == "exited"
    assert [e.attempt for e in entries if e.kind == "JOB_RESUMED"] == [1, 1, 2, 2]


def test_a_reader_follows_by_cursor(world: World) -> None:
    puppet = world.worker(job("bill"))
    first, second = (world.call("bill").id for _ in range(2))
    runs = puppet.take()
    for run in runs:
        puppet.report(run, sleep("nap", 1), parked("nap"))
    seen = []
    after = 0
    while True:
        with world.read() as tx:
            page = run_history(tx, world.env, first, after, limit=2)
        if not page:
            break
        seen += page
        after = page[-1].sequence
    assert seen == world.history(first)
    assert {entry.run_id for entry in seen} == {first}
    assert len(world.history(second)) == len(seen)


def test_histories_of_other_environments_are_not_there(world: World) -> None:
    world.worker(job("bill"))
    run = world.call("bill")
    other = world.environment("other")
    with world.read() as tx:
        assert run_history(tx, other, run.id) is None
        assert run_history(tx, world.env, "run_nope") is None


def test_a_fact_and_its_line_stand_at_the_same_instant(world: World) -> None:
    puppet = world.worker(job("bill"))
    world.call("bill", delay=SECOND)
    world.advance(1)
    world.fire()
    run = puppet.take_one()
    world.advance(1)
    puppet.report(run, done())
    kept = world.run(run.run_id)
    assert [entry.at for entry in world.history(run.run_id)] == [
        kept.created_at,
        kept.started_at,
        kept.finished_at,
    ]
