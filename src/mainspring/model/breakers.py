"""Circuit breakers: shared by all runs of an environment. After so many failures in a row nothing is let through; then
one attempt is let in alone, the probe, and how it comes out decides.

Pure rules over one row. `epoch` grows with every change of state and with every probe: what an attempt tells counts
only while the epoch lasts in which it was let in, so that latecomers neither open nor close anything.
"""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import SECOND, Instant
from mainspring.errors import DefinitionError
from mainspring.model.tasks import TaskLabel

BreakerState = Literal["closed", "open", "half-open"]
#: How an attempt came out: the service did its work; it did not; or that says nothing of the service (bad input, a
#: cancelled attempt).
Outcome = Literal["success", "failure", "neither"]

MAX_NAME = 128
MAX_FAILURES = 1_000_000
#: A probe, and a run that was woken to be it, is looked after this often: whether its worker still has it.
LOOK_EVERY = 10 * SECOND


@dataclass(frozen=True, slots=True)
class BreakerSpec:
    """A breaker as code gives it: opened after so many failures in a row, probed `reset` microseconds later."""

    name: str
    failures: int
    reset: int


# ── what workers say ─────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class BreakerAsked:
    """May this attempt begin? The answer's output is the epoch in which it may, or "null": the task is held, and a
    wait for the breaker is registered. Its beginning is kept with the answer."""

    task: TaskLabel
    attempt: int
    breaker: BreakerSpec
    #: It is under `effect="once"`.
    is_once: bool = False
    kind: Literal["breaker_asked"] = "breaker_asked"


@dataclass(frozen=True, slots=True)
class BreakerTold:
    """How an attempt that was let in came out. `epoch` None: it was given up before the answer was there."""

    task_key: str
    name: str
    epoch: int | None
    outcome: Outcome
    kind: Literal["breaker_told"] = "breaker_told"


@dataclass(frozen=True, slots=True)
class Prober:
    """A task under a lease."""

    run_id: str
    task_key: str
    lease: int


# ── the row ──────────────────────────────────────────────────────────────────────────────────────────
@dataclass(slots=True, unsafe_hash=True)
class Breaker:
    """One row of `breakers`. Instants and spans in microseconds."""

    environment_id: str
    name: str
    #: As the code that asked last has them.
    failures: int
    reset: int
    #: Failures in a row.
    failed: int = 0
    epoch: int = 1
    #: None: it is closed.
    opened_at: Instant | None = None
    #: Who opened it by hand.
    opened_by: str | None = None
    #: From when on one attempt is let in alone; None while it is open: not before somebody resets it.
    probe_at: Instant | None = None
    #: The attempt that is let in alone, as its run, task and lease.
    probe_run_id: str | None = None
    probe_task_key: str | None = None
    probe_lease: int | None = None
    #: When the engine must look at it.
    timer_at: Instant | None = None

    @property
    def state(self) -> BreakerState:
        if self.opened_at is None:
            return "closed"
        return "open" if self.probe_run_id is None else "half-open"

    @property
    def place(self) -> tuple[str, str]:
        return (self.environment_id, self.name)

    def is_probe(self, run_id: str, task_key: str) -> bool:
        """Whether it is that task's attempt which is let in alone."""
        return (self.probe_run_id, self.probe_task_key) == (run_id, task_key)

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────
    def ask(self, who: Prober, now: Instant) -> int | None:
        """The epoch in which the attempt may begin; None: it must wait. The same task asks again when its worker
        died: the attempt under the older lease counts no more."""
        if self.opened_at is None:
            return self.epoch
        is_due = self.probe_at is not None and self.probe_at <= now
        if is_due and (self.probe_run_id is None or self.is_probe(who.run_id, who.task_key)):
            self.probe_run_id, self.probe_task_key, self.probe_lease = who.run_id, who.task_key, who.lease
            self.epoch += 1
            self.timer_at = now + LOOK_EVERY
            return self.epoch
        if self.timer_at is None and self.probe_at is not None:
            self.timer_at = max(self.probe_at, now)
        return None

    def hear(self, who: Prober, told: BreakerTold, now: Instant) -> None:
        """What became of an attempt that was let in."""
        if told.outcome == "neither":
            if self.is_probe(who.run_id, who.task_key) and self.probe_lease == who.lease:
                self.free(now)
        elif told.epoch == self.epoch:
            if told.outcome == "success":
                self._succeed(now)
            else:
                self._fail(now)

    def _succeed(self, now: Instant) -> None:
        self.failed = 0
        if self.opened_at is not None:
            self.close(now)

    def _fail(self, now: Instant) -> None:
        self.failed = min(self.failed + 1, MAX_FAILURES)
        if self.opened_at is not None or self.failed >= self.failures:
            self.open(now, now + self.reset)

    def open(self, now: Instant, probe_at: Instant | None, by: str | None = None) -> None:
        """Nothing is let through until `probe_at`."""
        self.epoch += 1
        self.opened_at, self.opened_by, self.probe_at, self.timer_at = now, by, probe_at, probe_at
        self._forget_probe()

    def close(self, now: Instant) -> None:
        """Everything is let through; whoever waits is woken by the engine's next look."""
        self.epoch += 1
        self.failed = 0
        self.opened_at = self.opened_by = self.probe_at = None
        self.timer_at = now
        self._forget_probe()

    def free(self, now: Instant) -> None:
        """The probe came to nothing: the next one may be it."""
        self.epoch += 1
        self.timer_at = now
        self._forget_probe()

    def _forget_probe(self) -> None:
        self.probe_run_id = self.probe_task_key = self.probe_lease = None


def breaker_channel(name: str) -> str:
    """Where those wait whom a breaker holds."""
    return f"breaker:{name}"


def check_breaker(name: object, failures: object) -> None:
    """Raises `DefinitionError` for what is no breaker."""
    if (
        not isinstance(name, str)
        or not 0 < len(name.strip()) <= MAX_NAME
        or not name.isprintable()
        or "/" in name
    ):
        raise DefinitionError(
            f"{name!r:.140} is no name for a CircuitBreaker",
            mend=f'Name what it guards in 1 to {MAX_NAME} characters, none of them a slash: "gateway".',
        )
    if isinstance(failures, bool) or not isinstance(failures, int) or not 0 < failures <= MAX_FAILURES:
        raise DefinitionError(
            f"the CircuitBreaker '{name}' has failures={failures!r:.80}",
            mend=f"Count failures in a row, from 1 to {MAX_FAILURES:,}.",
        )
