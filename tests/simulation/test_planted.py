"""The simulator finds what is wrong: each fault planted in the real code is found, and shrunk to what it takes."""

import itertools
from collections.abc import Iterator

import pytest

from mainspring.testing.plays.shrink import shrunk
from simulation.plan import plan_of
from simulation.planted import PLANTS, Plant, commit_without_the_lease_check
from simulation.simulation import play

#: What CI plays.
SEEDS = range(2_000)
#: Where a fault was found last, for those that take more than a few seeds: tried first.
LATELY = {
    "a_drain_that_only_the_worker_knows_of": 34,
    "a_decision_that_tells_nobody": 6,
    "a_wait_that_asks_its_approval_nothing": 6,
    "a_quorum_that_the_first_answer_makes": 59,
    "a_reminder_that_stops_the_clock": 6,
    "commit_without_the_lease_check": 112,
    "a_wake_up_that_trusts_its_message": 21,
    "an_early_event_ignored": 115,
    "a_claim_answer_lost_and_not_undone": 18,
    "a_retried_batch_applied_twice": 5,
    "a_replay_that_keeps_too_much": 5,
    "a_slot_passed_over_when_late": 5,
    "an_end_that_nobody_behind_hears_of": 69,
    "a_breaker_that_lets_everybody_try": 115,
    "a_debounce_that_keeps_the_first_event": 3,
    "a_debounced_call_that_loses_what_it_brought": 158,
}


def seeds(plant: Plant) -> Iterator[int]:
    """All of them, the most promising first."""
    return itertools.chain([LATELY.get(plant.__name__, 0)], SEEDS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of coroutines that were killed before they began
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant) -> None:
    with plant():
        assert any(play(seed).error is not None for seed in seeds(plant))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_found_is_shrunk() -> None:
    with commit_without_the_lease_check():
        seed = next(seed for seed in seeds(commit_without_the_lease_check) if play(seed).error is not None)
        everything = list(range(len(plan_of(seed))))
        kept = shrunk(everything, lambda keep: play(seed, keep).error is not None)
        assert len(kept) < len(everything)
        assert play(seed, kept).error is not None
    assert play(seed, kept).error is None
