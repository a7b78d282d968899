"""Waits for several runs, resolved once by the last of them (I7); and children cancelled with their parent."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.items import await_run, await_runs, done, job, parked, triggered
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.engine.commands import CancelRun
from mainspring.model.limits import Limits
from mainspring.model.protocol import ClaimedRun, RunCancelConfirmed, RunDraft, RunSucceeded, WaitCancelled
from mainspring.settings import Settings
from mainspring.storage.postgres import PostgresTransaction
from mainspring.storage.sqlite import SqliteTransaction


@pytest.fixture
def puppet(world: World) -> Puppet:
    return world.worker(job("parent"), job("child"))


@pytest.fixture
def run(world: World, puppet: Puppet) -> ClaimedRun:
    world.call("parent")
    return puppet.take_one()


def drafts(*run_ids: str) -> list[RunDraft]:
    return [RunDraft(run_id, "child", "{}") for run_id in run_ids]


def results(world: World, run: ClaimedRun, key: str = "w") -> list[tuple[str, str]]:
    output = json.loads(world.task(run.run_id, key).output or "null")
    return [(one["run_id"], one["status"]) for one in output]


def test_I7_the_last_of_several_runs_wakes_who_waits(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, triggered("c", *drafts("run_a", "run_b", "run_c")), await_runs("w", "run_c", "run_a"))
    assert puppet.report(run, parked("w")).parked
    children = {one.run_id: one for one in puppet.take(3)}
    puppet.report(children["run_a"], done())
    puppet.report(children["run_b"], done())
    assert world.status(run.run_id) == "WAITING"
    (wait,) = world.view(run.run_id).waiting_for
    assert (wait.kind, wait.message) == ("runs", "waits for 2 runs")
    puppet.report(children["run_c"], done('"C"'))
    assert world.status(run.run_id) == "PENDING"
    assert results(world, run) == [("run_c", "SUCCESS"), ("run_a", "SUCCESS")]
    assert world.kinds(run.run_id).count("WAIT_RESOLVED w") == 1


def test_I7_runs_that_end_in_one_batch_wake_once(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(
        run, triggered("c", *drafts("run_a", "run_b")), await_runs("w", "run_a", "run_b"), parked("w")
    )
    puppet.commit(*[report(one, done()) for one in puppet.take(2)])
    assert world.status(run.run_id) == "PENDING"
    assert world.kinds(run.run_id).count("WAIT_RESOLVED w") == 1


def test_I7_runs_that_ended_before_are_found(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(run, triggered("c", *drafts("run_a", "run_b")))
    first, second = puppet.take(2)
    puppet.report(first, done())
    # The last one ends in the very batch that registers the wait, beside an older wait for it.
    puppet.report(run, await_runs("old", "run_b"))
    answers = puppet.commit(
        report(run, await_runs("w", "run_a", "run_b"), parked("w", "old")), report(second, done())
    )
    assert {one.key for one in answers.reports[0].resolved} == {"old", "w"} or world.status(
        run.run_id
    ) == "PENDING"
    assert results(world, run) == [("run_a", "SUCCESS"), ("run_b", "SUCCESS")]
    assert results(world, run, "old") == [("run_b", "SUCCESS")]


def test_a_wait_for_several_times_out_or_is_given_up(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(
        run,
        triggered("c", *drafts("run_a")),
        await_runs("late", "run_a", timeout=5),
        await_runs("left", "run_a"),
    )
    puppet.report(run, WaitCancelled("left", 2), parked("late"))
    world.advance(5)
    world.fire()
    assert world.task(run.run_id, "late").status == "FAILED"
    puppet.report(puppet.take(2)[1], done())
    assert world.task(run.run_id, "late").status == "FAILED"
    assert world.task(run.run_id, "left").status == "CANCELLED"


def test_runs_that_are_not_there_are_results_too(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    answer = puppet.report(run, await_runs("w", "run_nope"), await_run("v", "run_nope"), parked("w", "v"))
    assert not answer.parked
    assert results(world, run) == [("run_nope", "FAILED")]
    assert json.loads(world.task(run.run_id, "v").output or "")["error"]["code"] == "not_found"


def test_results_over_the_limit_fail_the_wait(new_world: Callable[..., World]) -> None:
    world = new_world(limits=Limits(max_body_bytes=300))
    puppet = world.worker(job("parent"), job("child"))
    world.call("parent")
    run = puppet.take_one()
    puppet.report(run, triggered("c", *drafts("run_a", "run_b")), await_runs("w", "run_a", "run_b"))
    for child in puppet.take(2):
        puppet.report(child, done('"' + "x" * 200 + '"'))
    task = world.task(run.run_id, "w")
    assert (task.status, json.loads(task.failure or "")["code"]) == ("FAILED", "too_large")
    assert "max_body_bytes" in (task.failure or "")


# ── many at once ─────────────────────────────────────────────────────────────────────────────────────
def test_too_many_children_are_refused_together(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    many = drafts(*[f"run_{n}" for n in range(Settings.max_runs_per_batch + 1)])
    (item,) = puppet.report(run, triggered("c", *many)).items
    assert item.failure is not None
    assert item.failure.code == "limit_exceeded"
    assert "max_runs_per_batch" in item.failure.message
    assert puppet.take(5) == ()


def test_statements_do_not_grow_with_the_children(
    world: World, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def counted(do: Any) -> Any:
        def note(tx: Any, statement: str, *args: Any, **values: Any) -> Any:
            sent.append(statement)
            return do(tx, statement, *args, **values)

        return note

    for verb in ("rows", "run", "run_many"):
        for kind in (SqliteTransaction, PostgresTransaction):
            monkeypatch.setattr(kind, verb, counted(getattr(kind, verb)))
    counts = []
    for size in (2, 90):
        world.call("parent")
        run = puppet.take_one()
        ids = [f"run_{size}_{n}" for n in range(size)]
        sent.clear()
        puppet.report(run, triggered("c", *drafts(*ids)), await_runs("w", *ids), parked("w"))
        children = puppet.take(size)
        assert len(children) == size
        puppet.commit(*[report(one, done()) for one in children])
        counts.append(len(sent))
        puppet.report(puppet.take_one(), done())
        assert world.status(run.run_id) == "SUCCESS"
    assert counts[0] == counts[1]


def test_one_refused_call_spares_the_others_of_its_batch(world: World, puppet: Puppet) -> None:
    world.call("parent")
    world.call("parent")
    first, second = puppet.take(2)
    bad = RunDraft("run_bad", "nope", "{}")
    answers = puppet.commit(
        report(first, triggered("c", *drafts("run_x"), bad)), report(second, triggered("c", *drafts("run_a")))
    )
    (refused,), (started,) = (answer.items for answer in answers.reports)
    assert refused.failure is not None
    assert json.loads(started.output or "")[0]["id"] == "run_a"
    assert [one.run_id for one in puppet.take(5)] == ["run_a"]


# ── cancelled ────────────────────────────────────────────────────────────────────────────────────────
def test_children_are_cancelled_with_their_parent(world: World, puppet: Puppet, run: ClaimedRun) -> None:
    puppet.report(
        run, triggered("c", *drafts("run_a", "run_b")), await_runs("w", "run_a", "run_b"), parked("w")
    )
    (held,) = puppet.take(1)
    world.do(CancelRun(world.env, run.run_id))
    other = "run_b" if held.run_id == "run_a" else "run_a"
    assert world.status(other) == "CANCELLED"
    assert world.status(held.run_id) == "RUNNING"
    assert puppet.id in world.wake.attention
    assert world.kinds(held.run_id)[-1] == "CANCEL_REQUESTED"
    puppet.report(held, RunCancelConfirmed())
    assert world.status(held.run_id) == "CANCELLED"


def test_a_child_started_beside_the_cancel_is_cancelled_too(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    world.do(CancelRun(world.env, run.run_id))
    puppet.report(run, triggered("c", *drafts("run_a")), RunCancelConfirmed())
    assert world.status("run_a") == "CANCELLED"


def test_a_parent_that_ends_otherwise_leaves_its_children(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, triggered("c", *drafts("run_a")), RunSucceeded("1"))
    assert world.status("run_a") == "PENDING"


def test_what_a_run_leaves_at_work_that_was_cancelled_too_late_is_cancelled(
    world: World, puppet: Puppet, run: ClaimedRun
) -> None:
    puppet.report(run, triggered("c", *drafts("run_a", "run_b")))
    (child,) = puppet.take(1)
    world.do(CancelRun(world.env, run.run_id, "no more", "key_1"))
    puppet.report(run, done())
    kept = world.view(run.run_id).run
    assert (kept.status, kept.cancel_reason, kept.cancelled_by) == ("SUCCESS", "no more", "key_1")
    other = next(one for one in ("run_a", "run_b") if one != child.run_id)
    assert world.status(other) == "CANCELLED"
    assert world.view(child.run_id).run.cancel_requested_at == world.now
    assert {world.view(one).run.cancelled_by for one in ("run_a", "run_b")} == {run.run_id}


def test_a_run_whose_time_is_over_while_it_is_asked_to_stop_leaves_nothing_at_work(world: World) -> None:
    puppet = world.worker(job("short", max_duration=5_000_000), job("child"))
    world.call("short")
    run = puppet.take_one()
    puppet.report(run, triggered("c", *drafts("run_a")))
    world.do(CancelRun(world.env, run.run_id))
    world.advance(6)
    world.fire()
    assert (world.status(run.run_id), world.status("run_a")) == ("TIMED_OUT", "CANCELLED")
