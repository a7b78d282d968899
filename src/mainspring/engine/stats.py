"""What is asked about many runs at once: how many ended when and how, how long they took, and what stands now.

Read from the counts that are made as runs end (`counts.py`), so it costs the same whether a thousand runs are kept or
many millions. Decides nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from mainspring.clock import DAY, HOUR, MINUTE, Instant
from mainspring.engine.counts import LADDER
from mainspring.model.runs import RunStatus
from mainspring.storage.database import Question, Transaction

#: What stands still is counted up to here: more is said to be this many at least.
MOST_COUNTED = 10_000
#: Of a job that is asked for alone, so many of all that stand are looked through.
MOST_LOOKED_AT = 5_000
#: Schedules that come next.
_NEXT = 5
#: How much a chart may show: the width of its bars, and how many they are.
SPANS: dict[str, tuple[int, int]] = {
    "1h": (MINUTE, 60),
    "24h": (30 * MINUTE, 48),
    "7d": (3 * HOUR, 56),
    "30d": (12 * HOUR, 60),
}
_WIDTHS = (*(width for width, _, _ in LADDER), DAY)
#: In these a run took as long as its work did; the others were cut off.
_WORKED = ("SUCCESS", "FAILED")
_NEVER_STARTED = -1


@dataclass(frozen=True, slots=True)
class Bucket:
    """The runs that ended in a stretch of time from `at` on, by status."""

    at: Instant
    counts: dict[RunStatus, int]


@dataclass(frozen=True, slots=True)
class Ended:
    """Runs that ended, by status, and how long those took that succeeded or failed (microseconds; None: there were
    none)."""

    counts: dict[RunStatus, int]
    p50: int | None
    p95: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is now. Of a figure that is `most` there may be more."""

    pending: int
    running: int
    waiting: int
    #: Tasks that wait for a person's approval, and for whoever has a token.
    approvals: int
    tokens: int
    most: int = MOST_COUNTED


@dataclass(frozen=True, slots=True)
class NextSlot:
    """A schedule that will start a run."""

    schedule_id: str
    job_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Stats:
    """`buckets`: the oldest first, without a gap; the last one is not over yet."""

    span: str
    width: int
    since: Instant
    until: Instant
    buckets: list[Bucket]
    ended: Ended
    now: Standing
    next_slots: list[NextSlot]


@dataclass(slots=True)
class _Sum:
    """Runs by status, and by status and how long they took."""

    counts: Counter[str] = field(default_factory=Counter)
    lasted: Counter[int] = field(default_factory=Counter)

    def add(self, status: str, lasted: int, runs: int) -> None:
        self.counts[status] += runs
        if lasted != _NEVER_STARTED and status in _WORKED:
            self.lasted[lasted] += runs

    @property
    def ended(self) -> Ended:
        return Ended(dict(self.counts), at_share(self.lasted, 0.5), at_share(self.lasted, 0.95))  # type: ignore[arg-type]  # kept as they are


def get_stats(
    tx: Transaction, environment_id: str, span: str, now: Instant, job_id: str | None = None
) -> Stats:
    """Of all jobs, or of one. `span` is one of `SPANS`."""
    width, bars = SPANS[span]
    since = now - now % width - (bars - 1) * width
    place = {"environment_id": environment_id, "job_id": job_id, "since": since, "bucket": width}
    asked: list[Question] = [("counts_by_time", {**place, "width": one}) for one in _WIDTHS if one <= width]
    by_time: dict[Instant, Counter[RunStatus]] = defaultdict(Counter)
    total = _Sum()
    for rows in tx.ask(*asked):
        for at, status, lasted, runs in rows:
            by_time[at][status] += runs
            total.add(status, lasted, runs)
    return Stats(
        span,
        width,
        since,
        now,
        [Bucket(at, dict(by_time.get(at, {}))) for at in range(since, since + bars * width, width)],
        total.ended,
        _standing(tx, environment_id, job_id),
        next_slots(tx, environment_id, job_id),
    )


def stats_by_job(
    tx: Transaction, environment_id: str, span: str, now: Instant, job_id: str | None = None
) -> dict[str, Ended]:
    """The jobs of which runs ended in that span, by id."""
    width, bars = SPANS[span]
    since = now - now % width - (bars - 1) * width
    place = {"environment_id": environment_id, "job_id": job_id, "since": since}
    asked: list[Question] = [("counts_by_job", {**place, "width": one}) for one in _WIDTHS if one <= width]
    sums: dict[str, _Sum] = defaultdict(_Sum)
    for rows in tx.ask(*asked):
        for job, status, lasted, runs in rows:
            sums[job].add(status, lasted, runs)
    return {job: sums[job].ended for job in sorted(sums)}


def next_slots(tx: Transaction, environment_id: str, job_id: str | None = None) -> list[NextSlot]:
    """The schedules that come next, of all jobs or of one."""
    asked = {"environment_id": environment_id, "job_id": job_id, "limit": _NEXT}
    return [NextSlot(*row) for row in tx.rows("next_schedules", **asked)]


def _standing(tx: Transaction, environment_id: str, job_id: str | None) -> Standing:
    place = {"environment_id": environment_id}
    of_job = {} if job_id is None else {"job_id": job_id}
    statement = "count_standing" if job_id is None else "count_standing_of_job"
    most = MOST_COUNTED if job_id is None else MOST_LOOKED_AT
    pending, waiting, running, approvals, tokens = tx.ask(
        (statement, {**place, **of_job, "status": "PENDING", "most": most}),
        (statement, {**place, **of_job, "status": "WAITING", "most": most}),
        ("count_running", {**place, "job_id": job_id}),
        ("count_waits_for_people", {**place, "kind": "approval", "most": MOST_COUNTED}),
        ("count_waits_for_people", {**place, "kind": "token", "most": MOST_COUNTED}),
    )
    return Standing(pending[0][0], running[0][0], waiting[0][0], approvals[0][0], tokens[0][0], most)


# ── how long runs took ───────────────────────────────────────────────────────────────────────────────
def at_share(lasted: Counter[int], share: float) -> int | None:
    """Below which this share of the runs stayed, out of how many there are in each class; within a class as if they
    were spread evenly. None of none."""
    whole = sum(lasted.values())
    if not whole:
        return None
    wanted, seen = share * whole, 0
    for least, runs in _in_order(lasted):
        if seen + runs >= wanted:
            return least + round(class_width(least) * (wanted - seen) / runs)
        seen += runs
    raise AssertionError("a share is not more than the whole")


def _in_order(lasted: Counter[int]) -> Iterable[tuple[int, int]]:
    return sorted((least, runs) for least, runs in lasted.items() if runs)


def class_width(least: int) -> int:
    """How wide the class of durations is that begins here: a quarter of its doubling, or the first millisecond."""
    return 1024 if least < 1024 else 1 << (least.bit_length() - 3)
