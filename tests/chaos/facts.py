"""Whether what somebody was answered is found in a database: nothing that was acknowledged may be missing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mainspring.model.runs import FINAL_RUN_STATUSES, Run
from mainspring.storage.database import Database, Transaction
from mainspring.storage.shapes import RUN, STORE_ENTRY, TASK

Fact = dict[str, Any]


def noted(path: Path) -> list[Fact]:
    """The facts so far; the last line may be in the midst of being written."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def missing(database: Database, facts: list[Fact]) -> list[str]:
    """In words, what is not there."""
    with database.read() as tx:
        return list(_missing(tx, facts))


def _missing(tx: Transaction, facts: list[Fact]) -> Iterator[str]:
    by_kind: dict[str, list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(fact["fact"], []).append(fact)
    named = {fact["run_id"] for fact in facts if "run_id" in fact}
    named |= {fact["id"] for fact in by_kind.get("run", [])}
    named |= {run_id for fact in by_kind.get("event", []) for run_id in fact["runs"]}
    runs = {run.id: run for run in RUN.values(tx.rows("runs_by_ids", ids=sorted(named)))}
    yield from (f"run {run_id}" for run_id in sorted(named - runs.keys()))
    yield from _events(tx, by_kind.get("event", []), runs)
    yield from _tasks(tx, by_kind.get("task", []))
    for fact in by_kind.get("ended", []):
        run = runs.get(fact["run_id"])
        if run is not None and (run.status, run.output) != ("SUCCESS", json.dumps(fact["output"])):
            yield f"the end of {run.id}: it is {run.status}"
    for fact in by_kind.get("cancelled", []):
        run = runs.get(fact["run_id"])
        if run is not None and run.cancel_requested_at is None and run.status not in FINAL_RUN_STATUSES:
            yield f"the cancel of {run.id}: it is {run.status}"
    yield from _stored(tx, by_kind.get("stored", []), runs)


def _events(tx: Transaction, facts: list[Fact], runs: dict[str, Run]) -> Iterator[str]:
    there = {row[1] for row in tx.rows("events_by_ids", ids=[fact["id"] for fact in facts])}
    there |= {row[0] for row in tx.rows("events_by_ids", ids=[fact["id"] for fact in facts])}
    for fact in facts:
        if fact["id"] not in there:
            yield f"event {fact['id']}"
        if any(runs[run_id].event_id != fact["id"] for run_id in fact["runs"] if run_id in runs):
            yield f"that event {fact['id']} started its runs"


def _tasks(tx: Transaction, facts: list[Fact]) -> Iterator[str]:
    run_ids = sorted({fact["run_id"] for fact in facts})
    tasks = {(one.run_id, one.key): one for one in TASK.values(tx.rows("tasks_of_runs", run_ids=run_ids))}
    for fact in facts:
        task = tasks.get((fact["run_id"], fact["key"]))
        if task is None or (task.status, task.output) != ("SUCCESS", json.dumps(fact["output"])):
            yield f"task {fact['key']} of {fact['run_id']}"


def _stored(tx: Transaction, facts: list[Fact], runs: dict[str, Run]) -> Iterator[str]:
    """Each key has one writer, which counts up: what is there is as new as what was acknowledged, or newer."""
    environments = {run.environment_id for run in runs.values()}
    newest: dict[str, int] = {}
    for fact in facts:
        newest[fact["key"]] = max(fact["value"], newest.get(fact["key"], -1))
    place = {"environment_id": min(environments, default=""), "scope": "environment", "owner": ""}
    rows = tx.rows("find_store_entries", **place, keys=sorted(newest))
    kept = {entry.key: json.loads(entry.value) for entry in STORE_ENTRY.values(rows)}
    for key, value in newest.items():
        if kept.get(key, -1) < value:
            yield f"store {key} = {value}: it is {kept.get(key)}"
