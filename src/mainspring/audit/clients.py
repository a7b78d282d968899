"""Rules over what clients saw: all that was confirmed is there, nothing that was refused is, and no answer changed.

An unknown outcome may be either, once; a contradiction may never be.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding, Rule
from mainspring.audit.kept import Kept, read_kept
from mainspring.audit.leases import check_leases
from mainspring.audit.observations import Observation, Op
from mainspring.audit.outcomes import check_tasks, same
from mainspring.model.runs import FINAL_RUN_STATUSES
from mainspring.storage.database import Database

Seen = list[Observation]
#: So many unfinished runs are named, one by one.
_MOST_UNFINISHED = 100


def check_observations(database: Database, observations: Iterable[Observation]) -> Iterator[Finding]:
    """Every contradiction between what was seen and what a database keeps; all senders must have been observed."""
    seen = sorted(observations, key=lambda one: one.invoked)
    with database.read() as tx:
        kept = read_kept(tx, _events_of(seen), _runs_of(seen))
    by_op: dict[Op, Seen] = {}
    for one in seen:
        by_op.setdefault(one.op, []).append(one)
    yield from _sent_events(by_op.get("send_event", []), kept)
    yield from _triggered_runs(by_op.get("trigger_run", []), kept)
    yield from _ended_runs(by_op, kept)
    yield from check_tasks(by_op, kept)
    yield from check_leases(by_op, kept)


def check_finished(database: Database) -> Iterator[Finding]:
    """I5, once faults have stopped and there was time: every run has ended."""
    with database.read() as tx:
        left = tx.rows("audit_unfinished", limit=_MOST_UNFINISHED)
    for run_id, environment_id, status in left:
        yield Finding(rules.NOT_FINISHED, f"it is {status}", environment_id, run_id)


def _events_of(seen: Seen) -> Iterator[str]:
    for one in seen:
        if one.op == "send_event":
            yield one.said["event_id"]
            yield one.answer.get("event_id", "")


def _runs_of(seen: Seen) -> Iterator[str]:
    for one in seen:
        yield one.run_id
        yield one.answer.get("run_id", "")
        yield from one.answer.get("runs", ())


def grouped(seen: Seen, key: Callable[[Observation], Any]) -> dict[Any, Seen]:
    """Observations by what they have in common; those of which `key` is None are left out."""
    groups: dict[Any, Seen] = {}
    for one in seen:
        if (found := key(one)) is not None:
            groups.setdefault(found, []).append(one)
    return groups


# ── I1, I11: events and runs that were asked for ─────────────────────────────────────────────────────
def _sent_events(seen: Seen, kept: Kept) -> Iterator[Finding]:
    for event_id, group in grouped(seen, lambda one: one.said["event_id"]).items():
        yield from _refused(group, kept.events.get(event_id), event_id=event_id)
        for one in _ok(group):
            yield from _sent_event(one, kept)
        yield from _one_answer(group, "event_id", event_id=event_id)
        yield from _keeps_its_runs(group, event_id)
    for group in grouped(seen, _idempotency_key).values():
        yield from _one_answer(group, "event_id", event_id=group[0].said["event_id"])


def _sent_event(one: Observation, kept: Kept) -> Iterator[Finding]:
    event_id = one.answer.get("event_id", one.said["event_id"])
    event = kept.events.get(event_id)
    if event is None:
        yield Finding(
            rules.CONFIRMED_LOST, "its sender has the answer, but it is not there", event_id=event_id
        )
        return
    if event.name != one.said.get("name", event.name):
        message = f"it was sent as '{one.said['name']}' and kept as '{event.name}'"
        yield Finding(rules.OUTCOME_CHANGED, message, event.environment_id, event_id=event_id)
    for run_id, job_id in one.answer.get("runs", {}).items():
        if run_id not in kept.runs or (event_id, run_id, job_id) not in kept.started:
            message = f"its sender was told of this run of '{job_id}' for {event_id}, which is not there"
            yield Finding(rules.CONFIRMED_LOST, message, event.environment_id, run_id, event_id=event_id)


def _keeps_its_runs(group: Seen, event_id: str) -> Iterator[Finding]:
    """A later answer tells of all the runs that an earlier one told of."""
    told: dict[str, Observation] = {}
    for one in _ok(group):
        missing = [
            run_id
            for run_id, earlier in told.items()
            if earlier.is_before(one) and run_id not in one.answer.get("runs", {})
        ]
        if missing:
            message = f"sent again, the answer no longer tells of its run {missing[0]}"
            yield Finding(rules.ANSWERS_DIFFER, message, event_id=event_id)
        told.update((run_id, one) for run_id in one.answer.get("runs", {}) if run_id not in told)


def _triggered_runs(seen: Seen, kept: Kept) -> Iterator[Finding]:
    for run_id, group in grouped(seen, lambda one: one.run_id).items():
        yield from _refused(group, kept.runs.get(run_id), run_id=run_id)
        for one in _ok(group):
            found = one.answer.get("run_id", run_id)
            run = kept.runs.get(found)
            if run is None:
                yield Finding(
                    rules.CONFIRMED_LOST, "its caller has the answer, but it is not there", None, found
                )
            elif run.job_id != one.said.get("job_id", run.job_id):
                message = f"'{one.said['job_id']}' was asked for, and it is a run of '{run.job_id}'"
                yield Finding(rules.OUTCOME_CHANGED, message, run.environment_id, found)
        yield from _one_answer(group, "run_id", run_id=run_id)
    for group in grouped(seen, _idempotency_key).values():
        yield from _one_answer(group, "run_id", run_id=group[0].run_id)


def _idempotency_key(one: Observation) -> tuple[Any, ...] | None:
    key = one.said.get("idempotency_key")
    return None if key is None else (one.said.get("environment_id"), one.said.get("job_id"), key)


def _ok(group: Seen) -> Seen:
    return [one for one in group if one.outcome == "ok"]


def _refused(group: Seen, row: object, **place: Any) -> Iterator[Finding]:
    """What was refused each time, and never perhaps kept, is not there."""
    if row is not None and all(one.outcome == "refused" for one in group):
        yield Finding(rules.REFUSED_KEPT, "it was refused, but it is there", **place)


def _one_answer(group: Seen, name: str, **place: Any) -> Iterator[Finding]:
    answers = {one.answer[name] for one in _ok(group) if name in one.answer}
    if len(answers) > 1:
        yield Finding(rules.ANSWERS_DIFFER, f"the same request gave {', '.join(sorted(answers))}", **place)


# ── outcomes of runs ─────────────────────────────────────────────────────────────────────────────────
def _ended_runs(by_op: dict[Op, Seen], kept: Kept) -> Iterator[Finding]:
    """A final status that somebody was told is the one that is kept, with its output."""
    told: list[tuple[Observation, dict[str, Any]]] = []
    ops: Sequence[Op] = ("read_run", "cancel_run")
    for op in ops:
        told += [(one, dict(one.answer)) for one in _ok(by_op.get(op, []))]
    told += [(one, dict(one.said)) for one in _ok(by_op.get("end_run", []))]
    for one, outcome in told:
        run = kept.runs.get(one.run_id)
        if run is None:
            yield _about(one, rules.CONFIRMED_LOST, "somebody was answered about it, but it is not there")
            continue
        status = outcome.get("status")
        if status not in FINAL_RUN_STATUSES:
            continue
        if run.status != status:
            yield _about(one, rules.OUTCOME_CHANGED, f"it was told to be {status}, it is {run.status}")
        elif "output" in outcome and not same(outcome["output"], run.output):
            yield _about(one, rules.OUTCOME_CHANGED, "its output is not the one that was told")


def _about(one: Observation, rule: Rule, message: str) -> Finding:
    return Finding(rule, message, run_id=one.run_id or None, task_key=one.task_key or None)
