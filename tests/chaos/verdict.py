"""What the storm must not have broken: every run ended as it should, nothing was kept twice or lost, nothing was
repeated but what a kill left in doubt; and how long runs took to go on after their worker was killed."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psycopg

from chaos.app import TASKS, now, output_of
from chaos.storm import Storm
from mainspring.audit.clients import check_finished, check_observations
from mainspring.audit.counts import check_counts
from mainspring.audit.data import check_database
from mainspring.audit.observations import Observation
from mainspring.storage.open import open_database


@dataclass
class Verdict:
    """What is wrong, in words; and figures."""

    wrong: list[str]
    figures: dict[str, Any] = field(default_factory=dict)
    #: Seconds from a kill to the moment the run went on elsewhere, shortest first.
    recoveries: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)

    def quantile(self, share: float) -> float:
        if not self.recoveries:
            return 0.0
        return self.recoveries[min(len(self.recoveries) - 1, int(share * len(self.recoveries)))]

    def lines(self) -> Iterator[str]:
        for name, value in self.figures.items():
            yield f"{name}: {value}"
        yield (
            f"recoveries: {len(self.recoveries)}, p50 {self.quantile(0.5):.1f} s, p90 {self.quantile(0.9):.1f} s, "
            f"p99 {self.p99:.1f} s, longest {self.quantile(1):.1f} s"
        )


def judge(storm: Storm) -> Verdict:
    """Over a storm whose database is still there."""
    effects = [json.loads(line) for line in storm.effects]
    begun = [
        Observation("begin_task", one["at"], run_id=one["run_id"], task_key=one["task_key"])
        for one in effects
        if one["what"] == "begun"
    ]
    database = open_database(storm.database)
    try:
        findings = [
            *check_finished(database),
            *check_database(database),
            *check_counts(database),
            *check_observations(database, [*storm.observations, *begun]),
        ]
    finally:
        database.close()
    verdict = Verdict([str(finding) for finding in findings])
    verdict.wrong += _outputs(storm)
    verdict.wrong += _stale_writes(storm, verdict)
    with psycopg.connect(storm.database) as connection:
        verdict.wrong += _effects(storm, effects, _lost_leases(connection), verdict)
        verdict.wrong += _kept_once(connection, storm)
        _recover(connection, storm, verdict)
    kills = Counter(kill.name.split("-")[0] for kill in storm.kills)
    verdict.figures |= {
        "runs": len(storm.runs),
        "took": f"{storm.took:.0f} s",
        "kills": {**kills, "database": len(storm.outages)},
        "starts": dict(storm.starts),
        "requests without an answer": storm.unanswered,
        "observations": len(storm.observations),
    }
    return verdict


def _outputs(storm: Storm) -> Iterator[str]:
    """What clients were told in the end."""
    told = {one.run_id: one.answer for one in storm.observations if one.op == "read_run" and one.answer}
    if sorted(storm.runs) != list(range(storm.weather.runs)) or len(set(storm.runs.values())) != len(
        storm.runs
    ):
        yield "orders share a run, or have none"
    for n, run_id in storm.runs.items():
        answer = told[run_id]
        if answer["status"] != "SUCCESS" or json.loads(answer["output"]) != output_of(n):
            yield f"{run_id} of order {n} is {answer}"


def _lost_leases(connection: "psycopg.Connection[Any]") -> dict[str, list[int]]:
    """When each run was taken from a worker, in microseconds of the clock that processes share."""
    ahead = time.time_ns() // 1_000 - now()
    rows = connection.execute(
        "select run_id, at from history where kind in ('WORKER_LOST', 'JOB_RELEASED') order by sequence"
    ).fetchall()
    lost: dict[str, list[int]] = {}
    for run_id, at in rows:
        lost.setdefault(run_id, []).append(at - ahead)
    return lost


def _effects(
    storm: Storm, effects: list[dict[str, Any]], lost: dict[str, list[int]], verdict: Verdict
) -> Iterator[str]:
    """A body is done again only where its worker was killed after its effect and before the next; or where it lost
    the lease then, cut off from everything for as long as that takes; or where it was frozen in the midst of it."""
    killed = {kill.pid: kill.at for kill in storm.kills}
    begun = {
        (one["run_id"], one["task_key"], one["pid"]): one["at"] for one in effects if one["what"] == "begun"
    }
    done: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in effects:
        if one["what"] == "done":
            done.setdefault((one["run_id"], one["task_key"]), []).append(one)
    repeated = cut_off = late = 0
    for (run_id, key), times in done.items():
        for first, second in pairwise(sorted(times, key=lambda one: one["at"])):
            if first["at"] - 1_000 <= killed.get(first["pid"], 0) <= second["at"]:
                repeated += 1
            elif any(first["at"] <= at <= second["at"] for at in lost.get(run_id, ())):
                cut_off += 1
            elif any(begun[run_id, key, second["pid"]] <= at <= second["at"] for at in lost.get(run_id, ())):
                late += 1
            else:
                yield f"{run_id} {key} was done again though nothing befell its worker: {first}, {second}"
    for n, run_id in storm.runs.items():
        missing = [key for key in TASKS if (run_id, key) not in done]
        if missing:
            yield f"{run_id} of order {n} never did {missing}"
    verdict.figures["bodies done"] = sum(map(len, done.values()))
    verdict.figures["bodies done again after a kill in doubt"] = repeated
    verdict.figures["bodies done again after a lease was lost alive"] = cut_off
    verdict.figures["bodies done to their end by who was frozen meanwhile"] = late


def _stale_writes(storm: Storm, verdict: Verdict) -> Iterator[str]:
    """Whatever a worker says, once it is thawed, of runs that it was granted before is refused (I4)."""
    refused = 0
    for freeze in storm.freezes:
        seen = storm.stale[freeze.pid]
        stale = {
            (one.run_id, one.answer["lease"])
            for one in seen
            if one.op == "claim" and one.outcome == "ok" and one.invoked <= freeze.began
        }
        for one in seen:
            if one.invoked >= freeze.over and (one.run_id, one.said.get("lease")) in stale:
                refused += one.outcome != "ok"
                if one.outcome == "ok":
                    yield f"{freeze.name} was frozen, and a write of its old lease was taken: {one}"
    verdict.figures["frozen"] = [
        f"{freeze.name} for {(freeze.over - freeze.began) / 1_000_000:.0f} s" for freeze in storm.freezes
    ]
    verdict.figures["stale writes, all refused"] = refused


def _kept_once(connection: "psycopg.Connection[Any]", storm: Storm) -> Iterator[str]:
    rows = connection.execute(
        "select run_id, task_key, count(*) from history where kind = 'TASK_COMPLETED' group by 1, 2"
    ).fetchall()
    kept = {(run_id, key): count for run_id, key, count in rows}
    for run_id in storm.runs.values():
        for key in TASKS:
            times = kept.get((run_id, key), 0)
            if times != 1:
                yield f"{run_id} {key} was kept {times} times"


def _recover(connection: "psycopg.Connection[Any]", storm: Storm, verdict: Verdict) -> None:
    """From the kill of a worker to the next grant of each run it held, as their history tells it."""
    killed = {kill.pid: kill.wall_at for kill in storm.kills}
    pids = dict(connection.execute("select id, pid from workers").fetchall())
    rows = connection.execute(
        "select run_id, at, kind, data from history "
        "where kind in ('WORKER_LOST', 'JOB_STARTED', 'JOB_RESUMED') order by run_id, sequence"
    ).fetchall()
    alive = 0
    for (run_id, _, kind, data), (next_id, at, _, _) in pairwise(rows):
        if kind != "WORKER_LOST" or run_id != next_id:
            continue
        death = killed.get(pids.get(json.loads(data)["worker"], 0))
        if death is None:
            alive += 1
        else:
            verdict.recoveries.append((at - death) / 1_000_000)
    verdict.recoveries.sort()
    verdict.figures["runs taken from a worker that lived"] = alive
