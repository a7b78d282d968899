"""Rules over a run's account: a legal sequence of moves, without gaps, that ends where the rows say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.rows import Around, Case, TaskRow
from mainspring.audit.runs import found
from mainspring.codec import decode
from mainspring.model.runs import FINAL_RUN_STATUSES

_OPEN = frozenset({"PENDING", "RUNNING", "WAITING"})
_RUNNING = frozenset({"RUNNING"})

#: What each line of the account says of the run: the statuses it may come from, the one it leads to.
_MOVES: dict[str, tuple[frozenset[str], str]] = {
    "RUN_CREATED": (frozenset({""}), "PENDING"),
    "JOB_STARTED": (frozenset({"PENDING"}), "RUNNING"),
    "JOB_RESUMED": (frozenset({"PENDING", "WAITING"}), "RUNNING"),  # a retry and a person wake without a line
    "JOB_WAITING": (_RUNNING, "WAITING"),
    "DRIFT_FOUND": (_RUNNING, "WAITING"),
    "JOB_RETRIED": (_RUNNING, "PENDING"),
    "JOB_RELEASED": (_RUNNING, "PENDING"),
    "WORKER_LOST": (_RUNNING, "PENDING"),
    "CANCEL_REQUESTED": (_OPEN, ""),  # it stands where it stood, or is claimed again for its hook
    "END_DECIDED": (_OPEN, "PENDING"),  # it is claimed again for its hooks
    "JOB_COMPLETED": (_RUNNING, "SUCCESS"),
    "JOB_FAILED": (frozenset({"RUNNING", "PENDING"}), "FAILED"),  # PENDING: after the last of its workers
    "JOB_CANCELLED": (_OPEN, "CANCELLED"),
    "JOB_TIMED_OUT": (_OPEN, "TIMED_OUT"),
    "JOB_EXPIRED": (frozenset({"PENDING"}), "EXPIRED"),
}
_OUTCOMES = frozenset({"TASK_COMPLETED", "TASK_FAILED", "WAIT_RESOLVED", "WAIT_TIMED_OUT"})
_BEGINNINGS = frozenset({"TASK_STARTED", "TASK_RETRIED", "TASK_IN_DOUBT", "WAIT_STARTED"})
#: What only the holder of a lease tells, while it holds it.
_HOLDERS = frozenset({"TASK_STARTED", "TASK_RETRIED", "TASK_IN_DOUBT", "TASK_RECONCILED", "WAIT_STARTED"})
#: What must stand between two beginnings of a task under `effect="once"`.
_KNOWN = frozenset({"TASK_RETRIED", "TASK_RECONCILED", "TASK_SETTLED"})
#: The line that each outcome leaves, by whether the task is a wait.
_TOLD = {
    ("SUCCESS", False): "TASK_COMPLETED",
    ("FAILED", False): "TASK_FAILED",
    ("SUCCESS", True): "WAIT_RESOLVED",
    ("FAILED", True): "WAIT_TIMED_OUT",
}


@dataclass(slots=True)
class _Told:
    """What the account has told so far."""

    status: str = ""
    #: It stands still until a person lets it go on, whatever resolves.
    waits_for_person: bool = False
    woken_by: str | None = None
    grants: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    finished: set[str] = field(default_factory=set)
    #: Of these, what was kept of a run that this one replays.
    kept: set[str] = field(default_factory=set)
    #: Tasks under `effect="once"` that began, and nobody has said since what became of it.
    doubtful: set[str] = field(default_factory=set)


def check_history(case: Case, around: Around) -> Iterator[Finding]:
    """What is wrong with the account of a run, and where it and the rows differ."""
    run = case.run
    if not case.entries:
        yield found(run, rules.HISTORY_GAP, "it has no history at all")
        return
    told = _Told()
    for _, kind, task_key, data in case.entries:
        move = _MOVES.get(kind)
        if move is not None:
            yield from _move(case, told, kind, move)
        elif kind == "RUN_REPAIRED":
            _repaired(told, data)
        elif task_key is not None:
            yield from _task_line(case, told, kind, task_key)
            yield from _effect_line(case, told, kind, task_key, data)
    yield from _grants(case, told)
    yield from _where_it_stands(case, told)
    for task in case.tasks.values():
        yield from _outcome(case, told, task)
    missing = sorted(told.finished - case.tasks.keys())
    for key in missing:
        yield found(run, rules.HISTORY_CONTRADICTS, "the history tells its outcome, but it is not there", key)


def _move(case: Case, told: _Told, kind: str, move: tuple[frozenset[str], str]) -> Iterator[Finding]:
    before, after = move
    if told.status not in before:
        yield from _illegal(case, told, kind)
    if kind in ("JOB_STARTED", "JOB_RESUMED"):
        told.grants += 1
    told.status = after or told.status
    told.waits_for_person = kind == "DRIFT_FOUND"
    told.woken_by = None


def _illegal(case: Case, told: _Told, kind: str) -> Iterator[Finding]:
    run = case.run
    if kind == "RUN_CREATED":
        yield found(run, rules.HISTORY_ILLEGAL, "it was created again")
    elif told.status == "":
        yield found(run, rules.HISTORY_GAP, f"its history begins with {kind}: its beginning is missing")
    elif told.status in FINAL_RUN_STATUSES:
        yield found(run, rules.HISTORY_ILLEGAL, f"{kind} came after it was {told.status}")
    else:
        yield found(run, rules.HISTORY_ILLEGAL, f"{kind} came while it was {told.status}")


def _repaired(told: _Told, data: str | None) -> None:
    told.status = decode(data).get("status", told.status) if data else told.status
    told.woken_by = None


def _task_line(case: Case, told: _Told, kind: str, key: str) -> Iterator[Finding]:
    if kind == "TASK_KEPT":
        told.kept.add(key)
        told.finished.add(key)
    elif kind in _OUTCOMES:
        told.outcomes[key, kind] += 1
        if key in told.finished:
            again = rules.RESOLVED_TWICE if kind.startswith("WAIT") else rules.COMPLETED_TWICE
            yield found(case.run, again, f"{kind} came after it had its outcome", key)
        told.finished.add(key)
        if kind.startswith("WAIT") and told.status == "WAITING" and not told.waits_for_person:
            told.status, told.woken_by = "PENDING", key
    elif kind in _BEGINNINGS and key in told.finished:
        yield found(case.run, rules.COMPLETED_TWICE, f"{kind} came after it had its outcome", key)
    if kind in _HOLDERS and told.status != "RUNNING":
        message = f"{kind} was written while the run was {told.status or 'not there'}"
        yield found(case.run, rules.HISTORY_ILLEGAL, message, key)


def _effect_line(case: Case, told: _Told, kind: str, key: str, data: str | None) -> Iterator[Finding]:
    if kind in _KNOWN:
        told.doubtful.discard(key)
    elif kind == "TASK_STARTED" and data is not None and decode(data).get("effect") == "once":
        if key in told.doubtful:
            yield found(case.run, rules.EFFECT_REPEATED, "it began again though it may have been done", key)
        told.doubtful.add(key)


def _grants(case: Case, told: _Told) -> Iterator[Finding]:
    if told.grants != case.run.lease:
        message = f"{case.run.lease} leases were granted, its history tells of {told.grants}"
        yield found(case.run, rules.HISTORY_GAP, message)


def _where_it_stands(case: Case, told: _Told) -> Iterator[Finding]:
    run = case.run
    if run.status == told.status:
        return
    if run.status == "PENDING" and told.status == "WAITING":
        return  # a retry or a person woke it
    if run.status == "WAITING" and told.woken_by is not None:
        message = f"'{told.woken_by}' resolved, but the run was never woken"
        yield found(run, rules.WAITS_FOR_NOTHING, message, told.woken_by)
        return
    message = f"it is {run.status}, its history ends with {told.status or 'nothing'}"
    yield found(run, rules.HISTORY_CONTRADICTS, message)


def _outcome(case: Case, told: _Told, task: TaskRow) -> Iterator[Finding]:
    """A finished task has its one line, an open one has none."""
    if task.kept_from is not None:
        if task.key not in told.kept:
            message = f"it was kept from {task.kept_from}, but the history tells nothing of it"
            yield found(case.run, rules.HISTORY_CONTRADICTS, message, task.key)
        return
    line = _TOLD.get((task.status, task.is_wait))
    is_told = task.key in told.finished
    if line is None and is_told:
        message = f"it is {task.status}, but the history tells its outcome"
        yield found(case.run, rules.HISTORY_CONTRADICTS, message, task.key)
    elif line is not None and not told.outcomes[task.key, line]:
        what = "another outcome" if is_told else "nothing of it"
        message = f"it is {task.status}, but the history tells {what}"
        yield found(case.run, rules.HISTORY_CONTRADICTS, message, task.key)
