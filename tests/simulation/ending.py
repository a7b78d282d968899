"""What must be true when all is over: every promise was kept, everything happened once."""

import json
from collections import Counter
from typing import Any

from mainspring.audit.clients import check_finished, check_observations
from mainspring.audit.counts import check_counts
from mainspring.audit.data import check_database
from mainspring.engine.blame import MAX_FAULTS
from simulation.laws import hold

#: Ends that need no excuse.
OUTCOMES = {"approve": '"ok"', "stubborn": "2", "pay": '"paid"'}


def check_end(platform: Any) -> None:
    """All runs have ended."""
    _promises(platform)
    history = _history(platform)
    _once(history)
    for run in platform.tables.runs.values():
        _end(platform, run, history)
    _effects(platform)
    _errors(platform)
    _audit(platform)
    for crew in platform.crews:
        if crew.working.done() and not crew.node.is_dead and not crew.working.cancelled():
            hold(crew.working.exception() is None, "I5", "a worker stopped by itself", crew.working)


def _promises(platform: Any) -> None:
    """I1: what was answered is there."""
    for people in platform.people:
        _promised(platform.tables, people)


def _promised(tables: Any, people: Any) -> None:
    for event_id, runs in people.events.items():
        hold(event_id in tables.events, "I1", "an answered event is lost", event_id)
        hold(runs <= tables.runs.keys(), "I1", "a run that was promised is lost", event_id, runs)
    hold(people.runs <= tables.runs.keys(), "I1", people.runs - tables.runs.keys())
    for run_id, status in people.ended.items():
        hold(tables.runs[run_id].status == status, "I3", run_id, status)


def _history(platform: Any) -> dict[str, list[tuple[str, str | None, int | None]]]:
    found: dict[str, list[tuple[str, str | None, int | None]]] = {}
    for run_id, kind, key, attempt in platform.tables.rows(
        "select run_id, kind, task_key, attempt from history order by sequence"
    ):
        found.setdefault(run_id, []).append((kind, key, attempt))
    return found


_ENDS = {"TASK_COMPLETED", "TASK_FAILED", "TASK_CANCELLED"}


def _once(history: dict[str, list[tuple[str, str | None, int | None]]]) -> None:
    """I2, I11: every task ended once, and so did every run."""
    for run_id, entries in history.items():
        ends = Counter(key for kind, key, _ in entries if kind in _ENDS)
        twice = {key: count for key, count in ends.items() if count > 1}
        hold(not twice, "I2", "tasks ended twice", run_id, twice)
        ended = [
            kind for kind, _, _ in entries if kind in ("JOB_COMPLETED", "JOB_CANCELLED", "JOB_TIMED_OUT")
        ]
        hold(len(ended) <= 1, "I2", "a run ended twice", run_id, ended)


def _end(platform: Any, run: Any, history: Any) -> None:
    """How it ended needs an excuse unless it is a success."""
    lost = sum(kind == "WORKER_LOST" for kind, _, _ in history[run.id])
    code = json.loads(run.failure).get("code") if run.status == "FAILED" and run.failure else None
    if code == "worker_crashed":
        hold(run.job_id == "poison", "I10", "blamed for what others did", run)
        hold(lost >= MAX_FAULTS, "I10", "blamed for deaths that were not", run)
        return
    if run.status == "CANCELLED":
        hold(_is_cancelled(platform, run), "I5", "nobody cancelled it", run)
        return
    payload = json.loads(run.payload)
    n = payload.get("n", 0) if isinstance(payload, dict) else 0
    if run.job_id == "hurry":
        hold(run.status in ("SUCCESS", "TIMED_OUT", "EXPIRED"), "I5", run)
    elif run.job_id == "poison":
        hold(False, "I10", "a poison run ended otherwise", run)
    elif run.job_id == "child" and n % 5 == 4:
        hold(run.status == "FAILED", "I5", run)
    else:
        hold(run.status == "SUCCESS", "I5", "it should have succeeded", run)
        hold(run.output == OUTCOMES.get(run.job_id, run.output), "I2", run)


def _is_cancelled(platform: Any, run: Any) -> bool:
    while run is not None:
        if any(run.id in people.cancelled for people in platform.people):
            return True
        if (run.cancelled_by or "").startswith("bulk_"):
            return True
        run = platform.tables.runs.get(run.parent_run_id)
    return False


def _effects(platform: Any) -> None:
    """I11: what runs did through the server was done once."""
    tables = platform.tables
    for (run_id, key), task in tables.tasks.items():
        if task.kept_from is not None:
            continue
        if task.status == "SUCCESS" and task.kind == "send_event":
            count = tables.rows("select count(*) from events where payload like ?", f'%"run":"{run_id}"%')
            hold(count[0][0] == 1, "I11", "sent so many times", count, run_id)
        if task.status == "SUCCESS" and task.kind == "trigger":
            children = [
                run
                for run in tables.runs.values()
                if (run.parent_run_id, run.parent_task_key) == (run_id, key)
            ]
            hold(len(children) == len(json.loads(task.output)), "I11", "children", run_id, key, children)
    for environment_id in platform.environment_ids:
        swaps = tables.rows(
            "select count(*) from tasks where kind = 'store' and status = 'SUCCESS' and name like 'set orders%'"
            " and json_extract(output, '$.ok') = 1 and kept_from is null and environment_id = ?",
            environment_id,
        )[0][0]
        kept = tables.rows(
            "select value from store_entries where key = 'orders' and environment_id = ?", environment_id
        )
        hold((int(kept[0][0]) if kept else 0) == swaps, "I11", "counted otherwise", kept, swaps)


def _errors(platform: Any) -> None:
    """I2: every failure is in its group, once, whoever counted it."""
    tables = platform.tables
    failed = Counter(
        (run.environment_id, run.job_id)
        for run in tables.runs.values()
        if run.status in ("FAILED", "TIMED_OUT")
    )
    counted = Counter[tuple[str, str]]()
    for environment_id, job_id, runs in tables.rows("select environment_id, job_id, runs from errors"):
        counted[environment_id, job_id] += runs
    hold(counted == failed, "I2", "errors count otherwise", counted, failed)


def _audit(platform: Any) -> None:
    """What `doctor --audit` says of the database, and of what everybody saw."""
    database, seen = platform.database, platform.witness.observations()
    found = [
        *check_database(database),
        *check_counts(database),
        *check_observations(database, seen),
        *check_finished(database),
    ]
    hold(not found, found[0].rule.invariant if found else "", *found[:5])
