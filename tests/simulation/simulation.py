"""One seed from its begin to its end, and what it came to."""

import contextlib
import gc
import hashlib
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass

from mainspring import faults, ids
from mainspring.clock import SECOND
from simulation import jobs
from simulation.ending import check_end
from simulation.laws import hold
from simulation.mischief import Mischief
from simulation.plan import LENGTH, Entry, plan_of
from simulation.platform import Platform
from simulation.theatre import Theatre

#: How long it may take until a worker is registered; and, once nothing goes wrong any more, until every run has
#: ended. People send what is waited for, now and then.
PATIENCE, HELP_EVERY = 400 * SECOND, 12 * SECOND


@dataclass
class Outcome:
    """How a seed went."""

    seed: int
    error: str | None
    #: Of all that happened, in order.
    digest: str
    commits: int
    runs: int


class Simulation:
    """`play` is all there is; everything else is what happens in it."""

    def __init__(self, seed: int, plan: list[Entry]) -> None:
        self.seed = seed
        self.plan = plan
        self.platform = Platform(seed)
        self.mischief = Mischief(self.platform)
        self.theatre = Theatre(self.platform, self.mischief)

    def play(self) -> None:
        """Raises what was broken."""
        platform, universe = self.platform, self.platform.universe
        for _ in range(platform.random.choice((1, 2, 2))):
            platform.start_server()
        for _ in range(platform.random.choice((0, 1, 2))):
            platform.start_worker(platform.environment_ids[0])
        for environment_id in platform.environment_ids:
            platform.start_worker(environment_id)
        hold(universe.run(PATIENCE, platform.is_registered), "I5", "no worker gets registered")
        for entry in self.plan:
            universe.after(entry.at, lambda one=entry: self.mischief.happens(one))  # type: ignore[misc]
        universe.run(universe.now + LENGTH)
        self.mischief.ends()
        until = universe.now + PATIENCE
        while not universe.run(min(until, universe.now + HELP_EVERY), lambda: not platform.left()):
            hold(universe.now < until, "I5", "these never end", platform.left())
            hold(not platform.late(), "I9", "these are long due", platform.late())
            for people in platform.people:
                people.helps()
        check_end(platform)


# ── around a seed ────────────────────────────────────────────────────────────────────────────────────
class _Complaints(logging.Handler):
    """What the platform itself calls an error in its log is one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@contextlib.contextmanager
def _surroundings(simulation: Simulation) -> Iterator[_Complaints]:
    """What is one per process is the simulation's meanwhile: chance, ids, the log."""
    state, complaints = random.getstate(), _Complaints()
    log = logging.getLogger("mainspring")
    system = ids._system
    propagate, level = log.propagate, log.level
    random.seed(f"chance {simulation.seed}")
    ids._system = simulation.platform.ids
    jobs.stage = simulation.theatre
    log.addHandler(complaints)
    log.propagate = False
    log.setLevel(logging.ERROR)
    try:
        with faults.listening(simulation.mischief.passes):
            yield complaints
    finally:
        log.removeHandler(complaints)
        log.propagate, log.level = propagate, level
        log.setLevel(level)
        ids._system = system
        random.setstate(state)


def play(seed: int, keep: list[int] | None = None) -> Outcome:
    """Plays one seed, or only these entries of its plan."""
    plan = plan_of(seed)
    chosen = plan if keep is None else [plan[index] for index in keep]
    was_enabled = gc.isenabled()
    gc.disable()  # collections would let the dead speak at moments that no seed repeats
    simulation = Simulation(seed, chosen)
    error: str | None = None
    try:
        with _surroundings(simulation) as complaints:
            try:
                simulation.play()
                hold(not complaints.said, "LOG", *complaints.said)
                hold(
                    not simulation.platform.universe.complaints,
                    "LOOP",
                    *simulation.platform.universe.complaints,
                )
            except AssertionError as broken:
                error = f"{type(broken).__name__}: {broken}"
                if complaints.said:
                    error = f"{error[:300]}; the log says: {complaints.said[0][-500:]}"
            simulation.platform.universe.close()
    finally:
        simulation.platform.database.close()
        if was_enabled:
            gc.enable()
    digest = hashlib.blake2b(repr(simulation.platform.universe.trace).encode(), digest_size=8).hexdigest()
    return Outcome(
        seed, error, digest, simulation.platform.laws.commits, len(simulation.platform.tables.runs)
    )
