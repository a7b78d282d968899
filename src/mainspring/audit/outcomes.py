"""Rules over the tasks that workers finished: kept exactly once, as they were confirmed, and never done again (I2)."""

from collections.abc import Iterator
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding, Rule
from mainspring.audit.kept import Kept
from mainspring.audit.observations import Observation, Op
from mainspring.codec import decode
from mainspring.model.tasks import FINAL_TASK_STATUSES

Seen = list[Observation]


def check_tasks(by_op: dict[Op, Seen], kept: Kept) -> Iterator[Finding]:
    """What contradicts itself about tasks and waits."""
    finishes = _by_task(by_op.get("finish_task", []))
    begins = _by_task(by_op.get("begin_task", []))
    for task_id, group in finishes.items():
        yield from _finished(group, kept)
        yield from _begun_again(group, begins.get(task_id, []))
    for group in _by_task(by_op.get("hear_wait", [])).values():
        yield from _heard(group, kept)


def same(one: str | None, other: str | None) -> bool:
    """Whether two JSON texts say the same."""
    if one == other or one is None or other is None:
        return one == other
    return bool(decode(one) == decode(other))


def _by_task(seen: Seen) -> dict[tuple[str, str], Seen]:
    groups: dict[tuple[str, str], Seen] = {}
    for one in seen:
        groups.setdefault((one.run_id, one.task_key), []).append(one)
    return groups


def _finished(group: Seen, kept: Kept) -> Iterator[Finding]:
    confirmed = [one for one in group if one.outcome == "ok"]
    for one in confirmed:
        yield from _as_told(one, one.said, kept)
    leases = sorted({one.said["lease"] for one in confirmed})
    if len(leases) > 1:
        message = f"it was confirmed as finished under the leases {', '.join(map(str, leases))}"
        yield _about(group[0], rules.COMPLETED_TWICE, message)
    if all(one.outcome == "refused" for one in group):
        task = kept.tasks.get((group[0].run_id, group[0].task_key))
        if task is not None and task.status in ("SUCCESS", "FAILED"):
            yield _about(
                group[0], rules.REFUSED_KEPT, f"each of its ends was refused, but it is {task.status}"
            )


def _begun_again(finishes: Seen, begins: Seen) -> Iterator[Finding]:
    confirmed = [one for one in finishes if one.outcome == "ok"]
    for begin in begins:
        if any(finish.is_before(begin) for finish in confirmed):
            yield _about(begin, rules.DONE_AGAIN, "its body began after its completion was confirmed")
            return


def _heard(group: Seen, kept: Kept) -> Iterator[Finding]:
    told = [one for one in group if one.outcome == "ok"]
    for one in told:
        yield from _as_told(one, one.answer, kept)
        first = told[0]
        if one.answer.get("status") != first.answer.get("status") or not same(
            one.answer.get("output"), first.answer.get("output")
        ):
            yield _about(one, rules.RESOLVED_TWICE, "its worker was told two outcomes")


def _as_told(one: Observation, told: Any, kept: Kept) -> Iterator[Finding]:
    """The kept outcome is the one that was confirmed."""
    task = kept.tasks.get((one.run_id, one.task_key))
    status = told.get("status", "SUCCESS")
    if task is None or task.status not in FINAL_TASK_STATUSES:
        found = "not there" if task is None else task.status
        yield _about(one, rules.CONFIRMED_LOST, f"it was confirmed as {status}, it is {found}")
    elif task.status != status:
        yield _about(one, rules.OUTCOME_CHANGED, f"it was confirmed as {status}, it is {task.status}")
    elif "output" in told and not same(told["output"], task.output):
        yield _about(one, rules.OUTCOME_CHANGED, "its output is not the one that was confirmed")


def _about(one: Observation, rule: Rule, message: str) -> Finding:
    return Finding(rule, message, run_id=one.run_id, task_key=one.task_key)
