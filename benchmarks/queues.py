"""What limits and fairness cost, and what a backlog costs those beside it: the engine alone, batch by batch.

`python benchmarks/queues.py [--runs 1000000] [--database-url postgresql://... --without-url postgresql://...]`
"""

import argparse
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mainspring.bench.figures import at_percent
from mainspring.clock import SystemClock
from mainspring.engine.accounts import ensure_environment
from mainspring.engine.apply import apply, apply_open_claims
from mainspring.engine.batch import Batch
from mainspring.engine.commands import Claim, Commit, RegisterWorker, TriggerRuns
from mainspring.engine.timing import Timing
from mainspring.errors import TransactionConflict
from mainspring.ids import IdSource
from mainspring.model.jobs import JobSpec
from mainspring.model.limits import Limits
from mainspring.model.protocol import (
    ClaimRequest,
    CommitRequest,
    Registration,
    RunDraft,
    RunReport,
    RunSucceeded,
)
from mainspring.model.queues import QueueLimits
from mainspring.storage.migrate import upgrade
from mainspring.storage.open import open_database

JOBS = (
    JobSpec("free", "free", "1"),
    JobSpec("narrow", "narrow", "1", limits=QueueLimits(per_key=1)),
    JobSpec("limited", "limited", "1", limits=QueueLimits(concurrency=1_000)),
    JobSpec("fair", "fair", "1", limits=QueueLimits(concurrency=50)),
    JobSpec("keyed", "keyed", "1", limits=QueueLimits(concurrency=1_000, per_key=100)),
)


class Bench:
    """An engine without its threads: a batch is a call. One worker for each job."""

    def __init__(self, url: str) -> None:
        self.clock = SystemClock()
        self.ids = IdSource(self.clock.now)
        self.database = open_database(url, synchronous="NORMAL")
        upgrade(self.database, self.clock.now())
        self.env = ensure_environment(self.database, self.clock.now(), self.ids, "tr_dev_" + "b" * 40)
        self.workers: dict[str, str] = {}
        for spec in JOBS:
            self.workers[spec.id] = worker = self.ids.new("wrk")
            said = Registration(worker, spec.id, "bench", "1", "here", 1, 1_000, (spec,))
            self.batch(RegisterWorker(self.env, said))
        self._numbers = 0

    def batch(self, *commands: Any) -> list[Any]:
        try:
            return self._transact(commands)
        except TransactionConflict:  # it wants to be alone
            return self._transact(commands)

    def _transact(self, commands: Sequence[Any]) -> list[Any]:
        with self.database.write() as tx:
            batch = Batch(tx, self.clock.now(), ids=self.ids, limits=Limits(), timing=Timing())
            results = apply(batch, [one for one in commands if not isinstance(one, Claim)])
            results += apply_open_claims(batch, [one for one in commands if isinstance(one, Claim)])
        return results

    def starts(self, job_id: str, keys: list[str | None]) -> TriggerRuns:
        drafts = [RunDraft(self.ids.new("run"), job_id, "{}", concurrency_key=key) for key in keys]
        return TriggerRuns(self.env, tuple(drafts))

    def claim(self, job_id: str, slots: int = 100) -> Claim:
        self._numbers += 1
        return Claim(self.env, ClaimRequest(self.workers[job_id], self._numbers, slots))

    def ends(self, job_id: str, runs: Any) -> Commit:
        self._numbers += 1
        reports = tuple(RunReport(run.run_id, run.lease, (RunSucceeded("1"),)) for run in runs)
        return Commit(self.env, CommitRequest(self.workers[job_id], self._numbers, reports))


def costs(bench: Bench, rounds: int) -> dict[str, float]:
    """Microseconds of CPU per run, started, claimed and ended in batches of a hundred; the median of some rounds,
    those of the queues interleaved."""
    spent: dict[str, list[float]] = {"free": [], "limited": [], "keyed": []}
    for _ in range(rounds):
        for job_id, found in spent.items():
            keys: list[str | None] = [None if job_id != "keyed" else f"key-{n % 50}" for n in range(100)]
            began = time.process_time()
            _, answer = bench.batch(bench.starts(job_id, keys), bench.claim(job_id))
            bench.batch(bench.ends(job_id, answer.runs))
            found.append(1e6 * (time.process_time() - began) / len(answer.runs))
    return {f"us a run, {job_id}": round(at_percent(found, 50), 1) for job_id, found in spent.items()}


def latencies(bench: Bench, count: int) -> list[float]:
    """Milliseconds from the start of a run of the free queue to its grant."""
    spans = []
    for _ in range(count):
        began = time.perf_counter()
        bench.batch(bench.starts("free", [None]))
        (answer,) = bench.batch(bench.claim("free"))
        spans.append(1e3 * (time.perf_counter() - began))
        bench.batch(bench.ends("free", answer.runs))
    return spans


def backlog(bench: Bench, without: Bench, runs: int) -> dict[str, float]:
    """The same beside so many runs that are held on one key of another queue, and in a database without them, in
    turns: what else the machine does hits both."""
    latencies(bench, 300)
    latencies(without, 300)
    memory = _memory()
    for _ in range(runs // 1_000):
        bench.batch(bench.starts("narrow", ["one"] * 1_000))
    spans: dict[str, list[float]] = {"without": [], "beside": []}
    for _ in range(40):
        spans["without"] += latencies(without, 50)
        spans["beside"] += latencies(bench, 50)
    found = {
        f"ms to a grant, p{percent}, {where} the backlog": round(at_percent(each, percent), 3)
        for percent in (50, 90)
        for where, each in spans.items()
    }
    return {**found, "MB more": round(_memory() - memory, 1)}


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fairness(bench: Bench) -> dict[str, float]:
    """1,000 keys, one of them with 100,000 runs: how evenly the others are served while all compete."""
    for _ in range(100):
        bench.batch(bench.starts("fair", ["big"] * 1_000))
    others = [f"key-{n}" for n in range(999)]
    for _ in range(20):
        bench.batch(bench.starts("fair", list(others)))
    served: Counter[str] = Counter()
    for runs in _rounds(bench, 10_000):
        ids = [run.run_id for run in runs]
        with bench.database.read() as tx:
            rows = tx.rows("runs_by_ids", ids=ids)
        served.update(row[_KEY] or "" for row in rows)
    counts = [served[key] for key in others]
    jain = sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))
    return {"Jain index of 999 keys": round(jain, 4), "runs of the big key": served["big"]}


def _rounds(bench: Bench, count: int) -> Iterator[Any]:
    while count > 0:
        (answer,) = bench.batch(bench.claim("fair"))
        bench.batch(bench.ends("fair", answer.runs))
        count -= len(answer.runs)
        yield answer.runs


def _key_column() -> int:
    from mainspring.storage.shapes import RUN

    return RUN.columns.index("concurrency_key")


_KEY = _key_column()


def main() -> None:
    """Prints what was measured as one JSON document."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--database-url", default="sqlite:///queues-bench.db", help="an EMPTY database")
    said.add_argument("--without-url", help="another, without the backlog; SQLite needs none to be named")
    said.add_argument("--runs", type=int, default=1_000_000, help="held runs of the backlog")
    said.add_argument("--rounds", type=int, default=100)
    asked = said.parse_args()
    if asked.without_url is None and not asked.database_url.startswith("sqlite"):
        said.error("--without-url is missing: a second EMPTY database")
    bench, without = Bench(asked.database_url), Bench(asked.without_url or f"{asked.database_url}.without")
    costs(bench, 5)
    found = {
        "runs": asked.runs,
        **costs(bench, asked.rounds),
        **fairness(bench),
        **backlog(bench, without, asked.runs),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
