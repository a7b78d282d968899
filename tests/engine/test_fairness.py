"""Fair turns: a key with a great backlog takes nothing from the others, which are served alike."""

from collections import Counter

import pytest

from engine.items import done, job
from engine.world import World
from mainspring.engine.commands import TriggerRuns
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import QueueLimits

OTHERS = [f"key-{number}" for number in range(49)]


def start(world: World, keys: list[str]) -> None:
    drafts = tuple(RunDraft(world.ids.new("run"), "bill", "{}", concurrency_key=key) for key in keys)
    world.do(TriggerRuns(world.env, drafts))


def jain(counts: list[int]) -> float:
    """1 where all got the same; 1/n where one got all."""
    return float(sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts)))


@pytest.mark.parametrize("limits", [QueueLimits(concurrency=10), QueueLimits(concurrency=10, per_key=3)])
def test_fifty_keys_beside_a_big_one_are_served_alike(world: World, limits: QueueLimits) -> None:
    puppet = world.worker(job("bill", limits=limits))
    start(world, ["big"] * 1_000)
    for _ in range(12):
        start(world, OTHERS)
    served: Counter[str] = Counter()
    for _ in range(40):  # of 588 runs of the others 400 at most: all compete to the end
        for run in puppet.take(10):
            served[world.run(run.run_id).concurrency_key or ""] += 1
            puppet.report(run, done())
    assert served.total() == 400
    assert jain([served[key] for key in OTHERS]) >= 0.95
    assert served["big"] <= 10 + 2 * 400 / 50, "what it had before they came, and its turns"
