"""Random interleavings of senders, workers, deaths, repeats and time: every law holds after every batch."""

from collections.abc import Callable

import pytest

from engine.storm import Storm
from engine.world import World

#: Enough to meet most pairs of things; a longer search is a matter of more seeds.
SEEDS = range(24)
BATCHES = 150


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_holds_after_every_batch(seed: int, new_world: Callable[..., World]) -> None:
    """A seed repeats exactly: `pytest tests/engine/test_interleavings.py -k "[SEED-sqlite]"`."""
    storm = Storm(new_world(seed=seed))
    for _ in range(BATCHES):
        storm.strike()
    storm.calm()
