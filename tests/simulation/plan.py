"""What a seed has in store: what people do and what goes wrong, each with its time. A shorter plan is a shrunk one."""

import random
from dataclasses import dataclass
from typing import Any

from mainspring import faults
from mainspring.clock import SECOND

#: How long people and faults are at it.
LENGTH = 24 * SECOND

#: What a point can do: kill its node, raise "unknown outcome" or "certainly nothing", or lose a race.
POINTS: tuple[tuple[faults.Point, tuple[str, ...]], ...] = (
    ("batch.begin", ("kill", "nothing")),
    ("batch.applied", ("kill", "unknown", "nothing", "conflict")),
    ("batch.committed", ("kill", "unknown")),
    ("batch.answered", ("kill",)),
    ("timers.due", ("kill", "unknown")),
    ("claim.answered", ("kill",)),
    ("commit.sending", ("kill",)),
    ("commit.answered", ("kill",)),
    ("task.starting", ("kill",)),
    ("task.returned", ("kill",)),
    ("run.parked", ("kill",)),
)


@dataclass(frozen=True)
class Entry:
    """Something that happens at a time."""

    at: int
    kind: str
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.at / SECOND:7.3f}s {self.kind}{self.values if self.values else ''}"


def plan_of(seed: int) -> list[Entry]:
    """The same for the same seed. Most seeds have a few things of each sort; some are calm, some are wild."""
    rng = random.Random(f"plan {seed}")
    entries = [_deed(rng) for _ in range(rng.choice((4, 8, 12, 16)))]
    entries += [_fault(rng) for _ in range(rng.choice((0, 3, 6, 10, 16, 30)))]
    return sorted(entries, key=lambda entry: entry.at)


def _deed(rng: random.Random) -> Entry:
    at = rng.randrange(int(LENGTH * 0.7))
    n = rng.randrange(100)
    ident = rng.choice(("a", "b"))
    kinds: list[tuple[float, str, tuple[Any, ...]]] = [
        (5, "send", ("order", n, None, rng.random() < 0.2)),
        (3, "send", ("request", n, ident, False)),
        (4, "send", ("go", n, ident, False)),
        (1, "send", ("won", n, "race", False)),
        (1, "delayed", ("go", n, ident, rng.randrange(4 * SECOND))),
        (3, "send", ("saved", n, ident, rng.random() < 0.2)),
        (5, "send", ("paid", n, ident, rng.random() < 0.2)),
        (1, "delayed", ("paid", n, ident, rng.randrange(4 * SECOND))),
        (3, "quiet", ("index", "one")),
        (1, "reschedule", (rng.random(), rng.randrange(3 * SECOND))),
        (2, "call", ("race", n)),
        (2, "call", ("deep", n)),
        (0.7, "stop", (rng.random(),)),
        (3, "batch", ("narrow", rng.randint(2, 6))),
        (1.5, "batch", ("solo", rng.randint(2, 4))),
        (1, "call", ("solo", n % 3)),
        (1.5, "queue", (rng.choice(("pause", "resume", "1", "3", "reset")),)),
        (2, "call", ("parent", n)),
        (2, "batch", ("ring", rng.randint(2, 5))),
        (0.7, "breaker", (rng.choice(("open", "open", "reset")),)),
        (2, "batch", ("ask", rng.randint(1, 3))),
        (4, "answer", (rng.random(), n)),
        (2, "batch", ("board", rng.randint(1, 3))),
        (6, "vote", (rng.random(), n)),
        (1.5, "call", ("stubborn", n)),
        (1.5, "call", ("talk", n)),
        (1.5, "call", ("pay", n)),
        (1.5, "call", ("hurry", n)),
        (0.5, "call", ("poison", n)),
        (1, "batch", ("child", rng.randint(2, 5))),
        (1.5, "cancel", (rng.random(),)),
        (0.5, "again", (rng.random(),)),
        (0.7, "replay", (rng.random(),)),
        (1.5, "replay", (rng.random(), rng.random())),
        (0.3, "bulk", (rng.choice(("child", "parent", "race")),)),
        (1.5, "watch", (rng.random(), rng.randrange(1, 20) * SECOND)),
    ]
    (chosen,) = rng.choices(kinds, [weight for weight, _, _ in kinds])
    if rng.random() < 0.15:
        return Entry(at, "neighbour", (chosen[1], chosen[2]))
    return Entry(at, chosen[1], chosen[2])


def _fault(rng: random.Random) -> Entry:
    at = rng.randrange(LENGTH)
    pick, span = rng.random(), rng.randrange(200_000, 6 * SECOND)
    point, effects = rng.choice(POINTS)
    jump = rng.choice((-1, 1)) * rng.randrange(SECOND, 20 * SECOND)
    kinds: list[tuple[float, str, tuple[Any, ...]]] = [
        (3, "kill worker", (pick, rng.random() < 0.6, rng.randrange(3 * SECOND))),
        (2, "kill server", (pick, rng.randrange(4 * SECOND))),
        (0.5, "kill all", (rng.randrange(3 * SECOND),)),
        (2, "freeze worker", (pick, rng.choice((span, 14 * SECOND)))),
        (1, "freeze server", (pick, span)),
        (1, "block", (pick, rng.choice((span, 14 * SECOND)))),
        (1, "give up", (pick,)),
        (0.7, "drain", (pick,)),
        (0.7, "retire", (pick,)),
        (1.5, "weather", (pick, span, "loses", rng.choice((0.1, 0.4)))),
        (1.5, "weather", (pick, span, "doubles", 0.3)),
        (1, "weather", (pick, rng.choice((span, 13 * SECOND)), "cut", 1)),
        (1, "weather", (pick, rng.choice((span, 13 * SECOND)), "deaf", 1)),
        (0.7, "weather", (pick, span, "slow", rng.randrange(3 * SECOND))),
        (1, "hints", (span, 0.6, rng.random() < 0.5)),
        (1, "server's clock", (pick, jump)),
        (0.5, "everybody's clock", (rng.randrange(900 * SECOND),)),
        (1, "worker's clock", (pick, jump * 180)),
        (9, "point", (point, rng.choice(effects), rng.choice((1, 1, 2, 3, 5, 8)))),
    ]
    (chosen,) = rng.choices(kinds, [weight for weight, _, _ in kinds])
    return Entry(at, chosen[1], chosen[2])
