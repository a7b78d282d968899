"""Runs: started by calls, later or never, replayed, cancelled; and why a pending one does not run (I5, I11)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.items import AMOUNT, broke, done, job, parked, sleep, succeeded
from engine.puppet import report
from engine.world import World
from mainspring.clock import MINUTE, SECOND
from mainspring.engine.commands import CancelRun, EnableJob, ReplayRun, TriggerRuns
from mainspring.engine.inspect import list_runs
from mainspring.engine.views import RunQuery
from mainspring.errors import Conflict, NotFound, PayloadInvalid
from mainspring.model.protocol import RunCancelConfirmed, RunChanged, RunDraft
from mainspring.model.queues import TAKEN_IN_TURN


def draft(run_id: str, job_id: str = "bill", payload: str = "{}", **options: Any) -> RunDraft:
    return RunDraft(run_id, job_id, payload, **options)


# ── calls ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_starts_a_run_with_its_options(world: World) -> None:
    world.worker(
        job("bill", tags=("money",), ttl=5 * SECOND, max_duration=9 * SECOND, queue="slow", attempts=7),
        job("fast"),
    )
    run = world.call(
        "bill",
        '{"a":1}',
        priority=3,
        tags=("vip", "money"),
        metadata='{"who":"Ada"}',
        concurrency_key="ada",
        is_test=True,
    )
    # Admitted with the batch that started it: there is nobody before it.
    assert world.run(run.id) == replace(run, is_ready=True, slot=TAKEN_IN_TURN)
    assert (run.status, run.queue, run.concurrency_key, run.priority) == ("PENDING", "slow", "ada", 3)
    assert json.loads(run.tags) == ["money", "vip"]
    assert (run.metadata, run.is_test, run.attempt, run.max_attempts) == ('{"who":"Ada"}', True, 1, 7)
    assert (run.expires_at, run.max_duration) == (world.now + 5 * SECOND, 9 * SECOND)
    assert world.call("bill", queue="fast", max_attempts=1, ttl=MINUTE).queue == "fast"


def test_a_call_is_refused_as_a_whole(world: World) -> None:
    world.worker(job("bill", payload_schema=AMOUNT), job("off", enabled=False))
    fine = draft("run_1", payload='{"amount":1}')
    for bad, error in (
        (draft("run_2", "nope"), NotFound),
        (draft("run_2", "off"), Conflict),
        (draft("run_2", payload='{"amount":"x"}'), PayloadInvalid),
    ):
        with pytest.raises(error):
            world.do(TriggerRuns(world.env, (fine, bad)))
    with pytest.raises(PayloadInvalid, match="amount: is required") as caught:
        world.call("bill")
    assert caught.value.errors == [{"path": "amount", "message": "is required"}]  # type: ignore[attr-defined]
    with world.read() as tx:
        assert list_runs(tx, world.env, RunQuery(), world.now).data == []
    world.do(EnableJob(world.env, "bill", False))
    with pytest.raises(Conflict, match="disabled"):
        world.do(TriggerRuns(world.env, (fine,)))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("by", ["id", "idempotency_key"])
def test_I11_a_call_repeated_answers_with_the_run_it_started(world: World, together: bool, by: str) -> None:
    world.worker(job("bill"), job("ship"))
    drafts = (
        [draft(f"run_{n}", idempotency_key="k") for n in range(2)] if by != "id" else [draft("run_0")] * 2
    )
    commands = [TriggerRuns(world.env, (one,)) for one in drafts]
    first, again = world.apply(*commands) if together else [world.do(command) for command in commands]
    assert first == again
    assert world.kinds("run_0") == ["RUN_CREATED"]
    (other,) = world.do(TriggerRuns(world.env, (draft("run_9", "ship", idempotency_key="k"),)))
    assert other.id == "run_9", "keys count per job"


def test_a_key_answers_even_after_the_run_has_ended_and_the_job_is_gone(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill", idempotency_key="k")
    puppet.report(puppet.take_one(), done())
    world.do(EnableJob(world.env, "bill", False))
    assert world.call("bill", idempotency_key="k").id == run.id


# ── later, or never ──────────────────────────────────────────────────────────────────────────────────
def test_I9_a_delayed_run_is_not_started_early(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill", delay=60 * SECOND)
    assert world.wake.timer_at == run.available_at == world.now + 60 * SECOND
    world.advance(59.999999)
    world.fire()
    assert puppet.take() == ()
    world.advance(0.000001)
    assert world.fire().next_at is None
    assert world.wake.ready == {world.env}
    assert puppet.take_one().run_id == run.id


def test_a_run_that_did_not_start_within_its_ttl_expires(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill", ttl=70 * SECOND, delay=10 * SECOND)
    assert run.expires_at == world.now + 70 * SECOND, "it counts from the call"
    world.advance(10)
    assert world.fire().next_at == run.expires_at
    world.advance(59.999999)
    world.fire()
    assert world.status(run.id) == "PENDING"
    world.advance(0.000001)
    assert puppet.take() == (), "it is over by the clock, whether or not a timer has looked at it"
    world.fire()
    ended = world.run(run.id)
    assert (ended.status, ended.finished_at) == ("EXPIRED", world.now)
    assert json.loads(ended.failure or "")["code"] == "ttl"
    assert puppet.take() == ()
    assert world.kinds(run.id) == ["RUN_CREATED", "JOB_EXPIRED"]


def test_a_run_that_started_in_time_does_not_expire(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill", ttl=SECOND)
    granted = puppet.take_one()
    world.advance(60)
    world.fire()
    assert world.status(run.id) == "RUNNING"
    puppet.report(granted, sleep("nap", 60), parked("nap"))
    world.advance(60)
    world.fire()
    assert world.status(run.id) == "PENDING"
    world.advance(60)
    world.fire()
    assert world.status(run.id) == "PENDING"


# ── why it does not run ──────────────────────────────────────────────────────────────────────────────
def test_I5_every_pending_run_says_why(world: World) -> None:
    puppet = world.worker(job("bill"))
    delayed = world.call("bill", delay=MINUTE)
    reason = world.view(delayed.id).pending_reason
    assert reason is not None
    assert (reason.code, reason.until) == ("delayed", delayed.available_at)
    waiting = world.call("bill")
    assert world.reason(waiting.id) == "waiting_for_slot"
    puppet.leave()
    reason = world.view(waiting.id).pending_reason
    assert reason is not None
    assert reason.code == "no_worker"
    assert "'bill'" in reason.message
    another = world.worker(job("ship"))
    assert world.reason(waiting.id) == "no_worker"
    another.leave()
    third = world.worker(job("bill"))
    third.beat(is_draining=True)
    assert world.reason(waiting.id) == "no_worker", "a worker that drains takes nothing"
    third.beat()
    granted = third.take_one()
    assert world.reason(granted.run_id) is None


def test_I5_a_run_between_attempts_says_so(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    puppet.report(puppet.take_one(), broke(retry_in=30))
    reason = world.view(run.id).pending_reason
    assert reason is not None
    assert (reason.code, reason.until) == ("retrying", world.now + 30 * SECOND)
    assert "attempt 2 of 3" in reason.message


# ── replayed ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_replay_is_a_fresh_run_of_the_same(world: World) -> None:
    puppet = world.worker(job("bill"))
    old = world.call("bill", '{"a":1}', priority=2, tags=("vip",), is_test=True, idempotency_key="k")
    granted = puppet.take_one()
    puppet.report(granted, succeeded("a"), done())
    fresh = world.do(ReplayRun(world.env, old.id, "run_new"))
    assert (fresh.id, fresh.status, fresh.payload, fresh.priority) == ("run_new", "PENDING", '{"a":1}', 2)
    assert (fresh.tags, fresh.is_test, fresh.idempotency_key) == (old.tags, True, None)
    assert puppet.take_one().checkpoints == ()
    assert world.status(old.id) == "SUCCESS"


def test_I11_a_replay_repeated_is_the_same_replay(world: World) -> None:
    world.worker(job("bill", payload_schema=AMOUNT))
    old = world.call("bill", '{"amount":1}')
    with pytest.raises(PayloadInvalid):
        world.do(ReplayRun(world.env, old.id, "run_new", '{"amount":"x"}'))
    first = world.do(ReplayRun(world.env, old.id, "run_new", '{"amount":2}', "again"))
    assert first.payload == '{"amount":2}'
    assert world.do(ReplayRun(world.env, old.id, "run_newer", '{"amount":2}', "again")) == first
    assert world.do(ReplayRun(world.env, old.id, "run_new")) == first
    with pytest.raises(NotFound):
        world.do(ReplayRun(world.env, "run_nope", "run_newest"))


# ── cancelled ────────────────────────────────────────────────────────────────────────────────────────
def test_a_pending_run_is_cancelled_at_once(world: World) -> None:
    puppet = world.worker(job("bill"))
    for options in ({}, {"delay": MINUTE}, {"ttl": MINUTE}):
        run = world.call("bill", **options)
        answer = world.do(CancelRun(world.env, run.id))
        kept = world.run(run.id)
        assert (answer.status, answer.finished_at) == ("CANCELLED", world.now)
        assert (kept.status, kept.finished_at, kept.is_ready, kept.timer_at) == (
            "CANCELLED",
            world.now,
            False,
            None,
        )
        assert world.kinds(run.id) == ["RUN_CREATED", "JOB_CANCELLED"]
        assert world.do(CancelRun(world.env, run.id)) == kept, "again changes nothing"
    assert puppet.take() == ()
    world.advance(120)
    assert world.fire().count == 0


def test_a_waiting_run_is_cancelled_at_once(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    puppet.report(puppet.take_one(), sleep("nap", 60), parked("nap"))
    world.do(CancelRun(world.env, run.id))
    assert world.status(run.id) == "CANCELLED"
    assert world.task(run.id, "nap").status == "CANCELLED"
    assert world.waits(run.id) == {}
    world.advance(120)
    assert world.fire().count == 0


def test_a_running_run_is_asked_to_stop(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    granted = puppet.take_one()
    assert puppet.claim(0) is None
    answer = world.do(CancelRun(world.env, run.id))
    assert (answer.status, answer.cancel_requested_at) == ("RUNNING", world.now)
    assert world.wake.attention == {puppet.id}
    told = puppet.claim(0)
    assert told is not None
    (notice,) = told.notices
    assert (notice.run_id, notice.lease, notice.cancel_requested) == (run.id, granted.lease, True)
    assert puppet.claim(0, noticed=((run.id, notice.number),)) is None, "once it knows, it is told no more"
    puppet.report(granted, RunCancelConfirmed())
    assert world.status(run.id) == "CANCELLED"
    assert world.kinds(run.id)[-2:] == ["CANCEL_REQUESTED", "JOB_CANCELLED"]


def test_a_running_run_that_does_not_stop_is_ended_after_the_grace(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    granted = puppet.take_one()
    world.do(CancelRun(world.env, run.id))
    world.advance(10)
    world.do(CancelRun(world.env, run.id))  # asking again gives no more time
    world.advance(19.999999)
    world.fire()
    assert world.status(run.id) == "RUNNING"
    world.advance(0.000001)
    world.fire()
    assert world.status(run.id) == "CANCELLED"
    (answer,) = puppet.commit(report(granted, succeeded("late"))).reports
    assert answer.status == "lost"
    assert world.tasks(run.id) == {}


def test_a_cancelled_run_may_still_end_well(world: World) -> None:
    puppet = world.worker(job("bill"))
    run = world.call("bill")
    granted = puppet.take_one()
    world.do(CancelRun(world.env, run.id))
    puppet.report(granted, RunChanged(progress='{"at":1}'), done())
    assert world.status(run.id) == "SUCCESS"


def test_there_is_no_such_run(world: World) -> None:
    world.worker(job("bill"))
    run = world.call("bill")
    for env, run_id in ((world.env, "run_nope"), (world.environment("other"), run.id)):
        with pytest.raises(NotFound):
            world.do(CancelRun(env, run_id))
    assert world.status(run.id) == "PENDING"
