"""Queues with limits that were spoilt behind the engine's back: found in the runs they concern, and mended."""

from collections.abc import Callable

import pytest

from engine.items import done, job
from engine.puppet import Puppet
from engine.world import World
from mainspring.audit.data import check_database
from mainspring.audit.repair import Repairer
from mainspring.engine.commands import ChangeQueue
from mainspring.model.queues import HELD, TAKEN, UNSERVED, QueueLimits, Rate


def limited(world: World, **limits: int | Rate) -> Puppet:
    return world.worker(job("bill", limits=QueueLimits(**limits)))  # type: ignore[arg-type]


def spoil(world: World, sql: str) -> None:
    with world.database.write() as tx:
        tx.script(sql)


def found(world: World) -> set[tuple[str, str | None]]:
    return {(f.rule.id, f.run_id) for f in check_database(world.database, grace=0)}


def repair(world: World) -> None:
    findings = list(check_database(world.database, grace=0))
    list(Repairer(world.database, world.clock.now).repair(findings))


def finish(world: World, puppet: Puppet) -> int:
    """Ends what there is, batch after batch; how many runs that were."""
    count = 0
    while runs := puppet.take(10):
        count += len(runs)
        for run in runs:
            puppet.report(run, done())
    return count


def test_a_line_that_stands_still_is_found_and_goes_on(world: World) -> None:
    puppet = limited(world, concurrency=1)
    _, second, _third = (world.call("bill").id for _ in range(3))
    assert found(world) == set()
    spoil(world, """update queues set changed = '{"concurrency": 2}' where name = 'bill'""")
    assert found(world) == {("line-stands-still", second)}
    repair(world)
    assert found(world) == set()
    assert world.run(second).slot >= TAKEN
    assert finish(world, puppet) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "delete from queue_keys",
        "update queue_keys set is_open = (1 = 0) where key = 'b'",
        "update queue_keys set has_held = (1 = 0), is_open = (1 = 0) where key = 'b'",
    ],
    ids=["no row", "closed", "not held"],
)
def test_a_key_that_takes_no_turns_is_found_and_takes_them_again(world: World, sql: str) -> None:
    puppet = limited(world, concurrency=1, per_key=2)
    _, *line = (world.call("bill", concurrency_key=key).id for key in "abb")
    spoil(world, sql)
    assert found(world) == {("key-passed-over", line[0])}
    repair(world)
    assert found(world) == set()
    assert finish(world, puppet) == 3


def test_who_was_let_in_beyond_the_limit_is_found_and_stands_back(world: World) -> None:
    puppet = limited(world, concurrency=1)
    first, second = (world.call("bill").id for _ in range(2))
    spoil(world, f"update runs set slot = 3, is_ready = (1 = 1) where id = '{second}'")
    assert found(world) == {("admitted-over-limit", first), ("admitted-over-limit", second)}
    repair(world)
    assert found(world) == set()
    assert sorted(world.run(run_id).slot for run_id in (first, second)) == [HELD, TAKEN]
    assert finish(world, puppet) == 2


def test_the_same_of_a_key(world: World) -> None:
    limited(world, concurrency=10, per_key=1)
    first, second = (world.call("bill", concurrency_key="a").id for _ in range(2))
    spoil(world, f"update runs set slot = 4, is_ready = (1 = 1) where id = '{second}'")
    assert found(world) == {("admitted-over-limit", first), ("admitted-over-limit", second)}
    repair(world)
    assert found(world) == set()


def _pause(world: World, puppet: Puppet) -> None:
    world.do(ChangeQueue(world.env, "bill", paused=True))


def _lower(world: World, puppet: Puppet) -> None:
    puppet.take(10)
    world.do(ChangeQueue(world.env, "bill", limits={"concurrency": 1}))


def _lose_the_worker(world: World, puppet: Puppet) -> None:
    world.advance(60)
    world.fire()


@pytest.mark.parametrize(
    "what", [_pause, _lower, _lose_the_worker], ids=["pause", "lower", "lose the worker"]
)
@pytest.mark.parametrize("keys", ["", "aabbc"], ids=["one line", "keys"])
def test_what_a_queue_may_do_is_not_held_against_it(
    world: World, keys: str, what: Callable[[World, Puppet], None]
) -> None:
    puppet = limited(world, concurrency=3, rate=Rate(1, 1_000_000, 2))
    for key in keys or "-----":
        world.call("bill", **({"concurrency_key": key} if keys else {}))
    what(world, puppet)
    assert found(world) == set()
    world.advance(1)
    world.fire()
    assert found(world) == set()
    assert UNSERVED not in {world.run(run.run_id).slot for run in puppet.take(10)}


def test_I8_a_slot_that_started_two_runs_is_found(world: World) -> None:  # noqa: N802 - after the invariant
    world.worker(job("bill"), job("wait"))
    one, other = world.call("bill").id, world.call("wait").id
    for run_id in (one, other):
        spoil(
            world,
            "update runs set schedule_id = 'nightly', idempotency_key = 'schedule:nightly@2026-01-01T03:00:00Z', "
            f"""payload = '{{"timestamp": "2026-01-01T03:00:00Z"}}' where id = '{run_id}'""",
        )
    assert found(world) == {("slot-ran-twice", other)}
    spoil(world, f"update runs set idempotency_key = null where id = '{other}'")
    assert found(world) == set(), "who is started by hand at that moment is no slot's"
