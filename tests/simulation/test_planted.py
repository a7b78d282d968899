"""The simulator finds what is wrong: each fault planted in the real code is found, and shrunk to what it takes."""

import pytest

from mainspring.testing.plays.shrink import shrunk
from simulation.plan import plan_of
from simulation.planted import PLANTS, Plant, commit_without_the_lease_check
from simulation.simulation import play

#: What CI plays.
SEEDS = range(2_000)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of coroutines that were killed before they began
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant) -> None:
    with plant():
        assert any(play(seed).error is not None for seed in SEEDS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_found_is_shrunk() -> None:
    with commit_without_the_lease_check():
        seed = next(seed for seed in SEEDS if play(seed).error is not None)
        everything = list(range(len(plan_of(seed))))
        kept = shrunk(everything, lambda keep: play(seed, keep).error is not None)
        assert len(kept) < len(everything)
        assert play(seed, kept).error is not None
    assert play(seed, kept).error is None
