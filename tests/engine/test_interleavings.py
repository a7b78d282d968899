"""Random interleavings of senders, workers, deaths, repeats and time: every law holds after every batch."""

import pytest

from engine.storm import Storm

#: Enough to meet most pairs of things; a longer search is a matter of more seeds.
SEEDS = range(24)
BATCHES = 150


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_holds_after_every_batch(seed: int) -> None:
    """A seed repeats exactly: `pytest tests/engine/test_interleavings.py -k "[SEED]"`."""
    storm = Storm(seed)
    try:
        for _ in range(BATCHES):
            storm.strike()
        storm.calm()
    finally:
        storm.world.close()
