"""Groups of failures: counted at the end of the very transaction in which runs fail, and resolved or ignored by people.

However many runs of a group fail in a batch, the group is written once. It is held until the commit, and held last, so
that two servers on one group count one after the other and neither waits for what the other needs. Failures that
nobody counted, of before there were groups or by a server of before, are counted later, a portion at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mainspring.clock import Instant
from mainspring.codec import clean_text, decode
from mainspring.engine.batch import Batch
from mainspring.engine.error_commands import ChangeError
from mainspring.errors import NotFound, TaskFailed
from mainspring.model.error_groups import (
    HOUR,
    MAX_MESSAGE,
    ErrorChange,
    ErrorGroup,
    Sighting,
    error_id,
    task_name,
)
from mainspring.storage.shapes import ERROR

#: Older failures counted at a time, and microseconds between two portions, for everybody else.
PORTION, PAUSE = 500, 10_000
#: What a failure is called of which nothing was kept.
_UNKNOWN = {"type": "Error", "message": "the failure was not kept"}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Failed:
    """A run that failed, and the group it belongs to."""

    run_id: str
    version: str
    at: Instant
    group: ErrorGroup


def count_failures(batch: Batch) -> None:
    """The failures of this batch, and where time is looked at, what else there is to do."""
    if batch.failed:
        batch.flush()
        rows = batch.tx.rows("failures_of_runs", ids=sorted(set(batch.failed)))
        batch.failed = []
        _count(batch, rows, is_new=True)
    if batch.looks_for_failures:
        batch.looks_for_failures = False
        rows = batch.tx.rows("uncounted_failures", limit=PORTION)
        _count(batch, rows, is_new=False)
        if len(rows) == PORTION:
            batch.wake.at(batch.now + PAUSE)
        due = ERROR.values(batch.tx.rows("due_errors", now=batch.now, limit=PORTION))
        _save(batch, due, [group.end_ignoring(batch.now) for group in due])


# ── counted ──────────────────────────────────────────────────────────────────────────────────────────
def _count(batch: Batch, rows: list[Row], *, is_new: bool) -> None:
    if not rows:
        return
    failed = _sorted(batch, rows)
    groups = _hold(batch, [one.group for one in failed])
    by_group: dict[str, list[_Failed]] = {}
    for one in failed:
        by_group.setdefault(one.group.id, []).append(one)
    changes = [groups[id].see(_sighting(some), is_new=is_new) for id, some in sorted(by_group.items())]
    hours = _sums((one.group.id, one.at // HOUR * HOUR) for one in failed)
    with batch.tx.together():
        _save(batch, groups.values(), changes)
        batch.tx.run_many(
            "count_error_hour",
            [{"error_id": id, "at": at, "runs": n} for (id, at), n in sorted(hours.items())],
        )
        batch.tx.run_many("count_error_version", list(_versions(failed)))
        batch.tx.run_many("mark_error", [{"id": one.run_id, "error_id": one.group.id} for one in failed])


def _sorted(batch: Batch, rows: list[Row]) -> list[_Failed]:
    """Each failure with its group as it would be if it were the first of it. What a failed task ended, belongs to what
    the task itself failed with."""
    failures: dict[str, Any] = {row[0]: decode(row[4]) if row[4] else _UNKNOWN for row in rows}
    causes = _causes(batch, failures)
    failed = []
    for run_id, environment_id, job_id, version, _, at in rows:
        failure = failures[run_id]
        key = failure.get("task_key")
        if key is not None and failure.get("code") == TaskFailed.code:
            failure = causes.get((run_id, key), failure)
        task = None if key is None else clean_text(task_name(key), MAX_MESSAGE)
        id = error_id(environment_id, job_id, task, failure["type"])
        message = clean_text(failure["message"], MAX_MESSAGE)
        group = ErrorGroup(
            id, environment_id, job_id, task, failure["type"], message, "unresolved", 0, at, at, run_id
        )
        failed.append(_Failed(run_id, version, at, group))
    return failed


def _causes(batch: Batch, failures: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """By run and key: what the tasks failed with that ended their runs."""
    named = {run_id: failure.get("task_key") for run_id, failure in failures.items()}
    asked = sorted(run_id for run_id, key in named.items() if key is not None)
    if not asked:
        return {}
    keys = sorted({named[run_id] for run_id in asked})
    rows = batch.tx.rows("failures_of_tasks", run_ids=asked, keys=keys)
    return {(run_id, key): decode(text) for run_id, key, text in rows if named[run_id] == key}


def _sighting(some: list[_Failed]) -> Sighting:
    last = max(some, key=lambda one: (one.at, one.run_id))
    return Sighting(len(some), min(one.at for one in some), last.at, last.run_id, last.group.message)


def _versions(failed: list[_Failed]) -> Iterable[dict[str, Any]]:
    sums = _sums((one.group.id, one.version) for one in failed)
    for (id, version), runs in sorted(sums.items()):
        instants = [one.at for one in failed if (one.group.id, one.version) == (id, version)]
        span = {"first_at": min(instants), "last_at": max(instants)}
        yield {"error_id": id, "version": version, "runs": runs, **span}


def _sums(keys: Iterable[Any]) -> dict[Any, int]:
    sums: dict[Any, int] = {}
    for key in keys:
        sums[key] = sums.get(key, 0) + 1
    return sums


def _hold(batch: Batch, fresh: list[ErrorGroup]) -> dict[str, ErrorGroup]:
    """The groups, held until the commit; those that are new are made."""
    wanted = {group.id: group for group in fresh}
    found = _find(batch, wanted)
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        batch.tx.run_many("insert_error", [wanted[id] for id in missing])
        found.update(_find(batch, missing))  # another server may have been first
    return found


def _find(batch: Batch, ids: Iterable[str]) -> dict[str, ErrorGroup]:
    return {group.id: group for group in ERROR.values(batch.tx.rows("errors_to_change", ids=sorted(ids)))}


def _save(batch: Batch, groups: Iterable[ErrorGroup], changes: Iterable[ErrorChange | None]) -> None:
    changed, told = list(groups), [change for change in changes if change is not None]
    if changed:
        batch.tx.run_many("save_error", changed)
    if told:
        batch.tx.run_many("insert_error_change", told)


# ── changed by people ────────────────────────────────────────────────────────────────────────────────
def no_such_error(error_id: str) -> NotFound:
    return NotFound(
        f"there is no error {error_id[:160]!r} in this environment",
        mend="`mainspring errors` lists them; one is there once a run has failed with it.",
    )


def change_error(batch: Batch, command: ChangeError) -> ErrorGroup | NotFound:
    """Resolved, ignored, or open again."""
    group = _find(batch, [command.error_id]).get(command.error_id)
    if group is None or group.environment_id != command.environment_id:
        return no_such_error(command.error_id)
    now, by = batch.now, command.by
    if command.to == "resolved":
        change = group.resolve(now, by)
    elif command.to == "ignored":
        change = group.ignore(now, by, command.until, command.runs)
        batch.wake.at(command.until)
    else:
        change = group.reopen(now, by)
    _save(batch, [group], [change])
    return replace(group)
