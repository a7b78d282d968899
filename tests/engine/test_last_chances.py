"""A last chance waits for a slot to spare, but not for ever (I5, I10)."""

# ruff: noqa: N802 - tests are named after the invariants they hold

import pytest

from engine.items import done, job
from engine.world import World

BILL = job("bill")


def suspects(world: World, count: int = 1) -> list[str]:
    """Runs on their last chance."""
    world.worker(BILL).leave()
    run_ids = [world.call("bill").id for _ in range(count)]
    for _ in range(2):
        puppet = world.worker(BILL)
        assert len(puppet.take()) == count
        puppet.die()
    return run_ids


@pytest.mark.parametrize("rhythm", [(1,), (1, 0), (0, 1), (1, 0, 0), (2, 1)])
def test_I5_a_last_chance_comes_under_steady_load(world: World, rhythm: tuple[int, ...]) -> None:
    (run_id,) = suspects(world)
    puppet = world.worker(BILL)
    for number in range(50):
        for _ in range(2):
            world.call("bill")
        held = puppet.take(rhythm[number % len(rhythm)])
        for run in held:
            puppet.report(run, done())
    assert world.status(run_id) == "SUCCESS"


def test_I10_its_turn_does_not_put_two_suspects_into_one_worker(world: World) -> None:
    both = set(suspects(world, 2))
    puppet = world.worker(BILL)
    taken = {run.run_id for _ in range(30) for run in puppet.take(1)}
    assert len(taken & both) == 1
