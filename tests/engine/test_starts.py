"""Runs that have not started: moved to another time, expired, and the keys that they are known by."""

import pytest

from engine.items import job
from engine.world import World
from mainspring.clock import MINUTE
from mainspring.engine.commands import RescheduleRun, ResetKey
from mainspring.errors import BadRequest, Conflict, NotFound
from mainspring.model.protocol import RunSucceeded


# ── rescheduled ──────────────────────────────────────────────────────────────────────────────────────
def test_I9_a_delayed_run_is_put_off(world: World) -> None:  # noqa: N802
    worker = world.worker(job("bill"))
    run = world.call("bill", delay=10 * MINUTE)
    moved = world.do(RescheduleRun(world.env, run.id, delay=30 * MINUTE))
    assert moved.available_at == world.now + 30 * MINUTE
    assert world.run(run.id) == moved
    world.advance(20 * 60)
    world.fire()
    assert worker.take() == ()
    world.advance(10 * 60)
    world.fire()
    assert worker.take_one().run_id == run.id


def test_it_is_brought_forward_and_its_expiry_with_it(world: World) -> None:
    worker = world.worker(job("bill"))
    run = world.call("bill", delay=10 * MINUTE, ttl=15 * MINUTE)
    moved = world.do(RescheduleRun(world.env, run.id, at=world.now - MINUTE))
    assert (moved.available_at, moved.expires_at) == (world.now, world.now + 5 * MINUTE)
    assert world.wake.timer_at == world.now
    world.fire()
    assert worker.take_one().run_id == run.id


def test_what_is_not_delayed_is_not_moved(world: World) -> None:
    worker = world.worker(job("bill"))
    ready = world.call("bill")
    over = world.call("bill", delay=MINUTE)
    world.advance(60)
    for run in (ready, over):
        with pytest.raises(Conflict, match="not delayed"):
            world.do(RescheduleRun(world.env, run.id, delay=MINUTE))
    world.fire()
    for held in worker.take():
        with pytest.raises(Conflict, match="RUNNING"):
            world.do(RescheduleRun(world.env, held.run_id, delay=MINUTE))
    delayed = world.call("bill", delay=MINUTE)
    with pytest.raises(NotFound):
        world.do(RescheduleRun(world.environment("other"), delayed.id, delay=MINUTE))


# ── ttl ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_ttl_that_is_over_before_the_delay_is_refused(world: World) -> None:
    world.worker(job("bill"), job("stale", ttl=MINUTE))
    with pytest.raises(BadRequest, match="could never start"):
        world.call("bill", delay=10 * MINUTE, ttl=5 * MINUTE)
    assert world.call("bill", delay=MINUTE, ttl=5 * MINUTE).expires_at == world.now + 5 * MINUTE
    assert world.call("stale", delay=5 * MINUTE).expires_at == world.now + 6 * MINUTE


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_key_is_forgotten_after_its_ttl(world: World) -> None:
    world.worker(job("bill"))
    first = world.call("bill", idempotency_key="o-1", idempotency_key_ttl=10 * MINUTE)
    world.advance(599)
    assert world.call("bill", idempotency_key="o-1").id == first.id
    world.advance(1)
    second = world.call("bill", idempotency_key="o-1")
    assert second.id != first.id
    assert world.run(first.id).idempotency_key is None
    world.advance(24 * 3600)
    assert world.call("bill", idempotency_key="o-1").id == second.id


def test_a_key_is_reset_by_hand(world: World) -> None:
    worker = world.worker(job("bill"), job("other"))
    first = world.call("bill", idempotency_key="o-1")
    worker.report(worker.take_one(), RunSucceeded("null"))
    assert world.do(ResetKey(world.env, "other", "o-1")) is False
    assert world.do(ResetKey(world.environment("else"), "bill", "o-1")) is False
    assert world.call("bill", idempotency_key="o-1").id == first.id
    assert world.do(ResetKey(world.env, "bill", "o-1")) is True
    assert world.do(ResetKey(world.env, "bill", "o-1")) is False
    assert world.call("bill", idempotency_key="o-1").id != first.id


def test_the_keys_of_slots_are_never_reset(world: World) -> None:
    with pytest.raises(BadRequest, match="a slot starts one run"):
        world.do(ResetKey(world.env, "bill", "schedule:bill@2026-01-01T00:00:00Z"))
