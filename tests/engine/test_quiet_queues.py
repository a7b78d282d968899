"""Queues with limits where nobody has to wait: runs have their slots from the start, and nothing is kept of keys."""

# ruff: noqa: N802 - tests are named after the invariants they hold

from typing import Any

import pytest

from engine.items import done, job
from engine.puppet import Puppet, report
from engine.world import World
from mainspring.clock import SECOND
from mainspring.engine.commands import CancelRun, ChangeQueue, SendEvents, TriggerRuns
from mainspring.model.protocol import EventDraft, RunDraft
from mainspring.model.queues import HELD, TAKEN_IN_TURN, QueueLimits, Rate


def limited(world: World, **limits: Any) -> Puppet:
    return world.worker(job("bill", limits=QueueLimits(**limits)))


def start(world: World, keys: str, *others: Any) -> list[str]:
    """A run per letter, whose concurrency key it is, in one batch with other commands."""
    drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}", concurrency_key=key) for key in keys)
    world.apply(TriggerRuns(world.env, drafts), *others)
    return [draft.run_id for draft in drafts]


def slots(world: World, ids: list[str]) -> list[int]:
    return [world.run(run_id).slot for run_id in ids]


def kept_keys(world: World) -> set[str]:
    with world.database.read() as tx:
        rows = tx.rows("keys_by_names", environment_id=world.env, name="bill", keys=["a", "b", "c"])
    return {row[2] for row in rows}


@pytest.mark.parametrize("others", ["alone", "beside an event"])
def test_where_there_is_room_for_all_no_key_is_written_down(world: World, others: str) -> None:
    puppet = limited(world, concurrency=10, per_key=2)
    event = SendEvents(world.env, (EventDraft(world.ids.new("evt"), "unheard", "{}"),))
    ids = start(world, "aabc", *([event] if others == "beside an event" else []))
    assert slots(world, ids) == [TAKEN_IN_TURN] * 4
    runs = puppet.take(10)
    assert [run.run_id for run in runs] == ids, "in the order they came"
    for run in runs:
        puppet.report(run, done())
    assert kept_keys(world) == set()


def test_who_finds_no_room_stands_in_line_and_others_go_on(world: World) -> None:
    puppet = limited(world, concurrency=10, per_key=1)
    first = start(world, "ab")
    later = start(world, "ac")
    assert slots(world, first + later) == [TAKEN_IN_TURN, TAKEN_IN_TURN, HELD, TAKEN_IN_TURN]
    assert "a" in kept_keys(world)
    a, *_ = puppet.take(10)
    puppet.report(a, done())
    assert slots(world, later) == [TAKEN_IN_TURN, TAKEN_IN_TURN], "its slot was handed on"
    assert slots(world, start(world, "c")) == [HELD], "c is still at work"


def test_a_line_is_not_passed_by_those_who_come_now(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first = start(world, "a")
    line = start(world, "bc")
    (run,) = puppet.take(10)
    # the slot becomes free in the very batch that brings another
    late = RunDraft(world.ids.new("run"), "bill", "{}", concurrency_key="c")
    world.apply(puppet.commit_command(report(run, done())), TriggerRuns(world.env, (late,)))
    assert run.run_id == first[0]
    assert slots(world, [*line, late.run_id]) == [TAKEN_IN_TURN, HELD, HELD]


def test_a_run_cancelled_in_the_batch_that_starts_it_keeps_no_slot(world: World) -> None:
    limited(world, concurrency=1)
    draft = RunDraft(world.ids.new("run"), "bill", "{}", concurrency_key="a")
    _, cancelled = world.apply(
        TriggerRuns(world.env, (draft,)), CancelRun(world.env, draft.run_id, None, None)
    )
    assert world.run(draft.run_id).status == "CANCELLED", cancelled
    assert slots(world, start(world, "a")) == [TAKEN_IN_TURN]


def test_the_rate_is_spent_by_runs_that_never_waited(world: World) -> None:
    limited(world, rate=Rate(1, SECOND, 2))
    assert slots(world, start(world, "ab")) == [TAKEN_IN_TURN] * 2
    assert slots(world, start(world, "c")) == [HELD]


def test_a_paused_queue_lets_nobody_in(world: World) -> None:
    limited(world, concurrency=10)
    world.do(ChangeQueue(world.env, "bill", paused=True))
    ids = start(world, "ab")
    assert slots(world, ids) == [HELD, HELD]
    world.do(ChangeQueue(world.env, "bill", paused=False))
    assert slots(world, ids) == [TAKEN_IN_TURN] * 2


def test_equal_keys_that_come_together_are_counted_together(world: World) -> None:
    limited(world, concurrency=10, per_key=2)
    assert sorted(slots(world, start(world, "aaab"))) == [HELD, *[TAKEN_IN_TURN] * 3]


def test_I6_a_claim_that_waits_has_them_at_once_and_no_more_than_the_limit(world: World) -> None:
    puppet = limited(world, concurrency=10, per_key=1)
    ids = start(world, "ab", puppet.claim_command())
    assert [world.run(run_id).status for run_id in ids] == ["RUNNING"] * 2
    assert slots(world, ids) == [TAKEN_IN_TURN] * 2
    later = start(world, "ac", puppet.claim_command())
    assert [world.run(run_id).status for run_id in later] == ["PENDING", "RUNNING"]


def test_who_comes_while_more_run_than_a_lower_limit_allows_waits(world: World) -> None:
    puppet = limited(world, concurrency=5)
    start(world, "abc")
    runs = puppet.take(10)
    world.do(ChangeQueue(world.env, "bill", limits={"concurrency": 1}))
    drafts = (RunDraft(world.ids.new("run"), "bill", "{}", concurrency_key="a", idempotency_key="once"),)
    world.do(TriggerRuns(world.env, drafts))  # with a key: its row is there before admission looks
    assert slots(world, [drafts[0].run_id]) == [HELD]
    for run in runs:
        puppet.report(run, done())
    assert slots(world, [drafts[0].run_id]) == [TAKEN_IN_TURN]
