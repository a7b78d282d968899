"""What the time does to approvals: they end, those who have not answered are reminded, others are asked too.

The engine's timers do it, whether or not a worker is there: the run is woken to tell people as soon as one is.
"""

from dataclasses import replace

from mainspring.codec import decode
from mainspring.engine.approval_reads import ApprovalView, views_of
from mainspring.engine.approvals import ended_if_due, record, tell
from mainspring.engine.batch import Batch
from mainspring.engine.runs import earliest
from mainspring.model.approvals import Approval, ApprovalPerson, same_person
from mainspring.storage.shapes import APPROVAL


def look_at_due_approvals(batch: Batch, limit: int) -> int:
    """Handles up to `limit` approvals that are due. Returns how many."""
    due = APPROVAL.values(batch.tx.rows("due_approvals", now=batch.now, limit=limit))
    for view in views_of(batch.tx, due):
        now = ended_if_due(batch, view)
        if now.approval.status == "WAITING":
            _go_on(batch, now)
    return len(due)


def _go_on(batch: Batch, view: ApprovalView) -> None:
    one = view.approval
    if one.remind_every is not None and one.remind_at is not None and one.remind_at <= batch.now:
        _remind(batch, view)
        # Once, however many were missed while no server ran, and by the same clock as before.
        passed = (batch.now - one.remind_at) // one.remind_every + 1
        one = replace(one, remind_at=one.remind_at + passed * one.remind_every)
    if one.escalate_at is not None and one.escalate_at <= batch.now:
        _escalate(batch, view)
        one = replace(one, escalate_at=None)
    timer_at = earliest(one.expires_at, one.remind_at, one.escalate_at)
    row = {"remind_at": one.remind_at, "escalate_at": one.escalate_at, "timer_at": timer_at}
    batch.tx.run("watch_approval", id=one.id, **row)
    batch.wake.at(timer_at)


def _remind(batch: Batch, view: ApprovalView) -> None:
    answered = {answer.person for answer in view.answers}
    people = [one.person for one in view.people if one.delegated_to is None and one.person not in answered]
    _say(batch, view.approval, "APPROVAL_REMINDED", people)
    tell(batch, view.approval, "reminder", people if view.people else [""])


def _escalate(batch: Batch, view: ApprovalView) -> None:
    """Who is asked already, from the beginning or in place of another, is not asked twice."""
    one = view.approval
    people = [
        person
        for person in decode(one.escalate_to or "[]")
        if not any(same_person(person, asked.person) for asked in view.people)
    ]
    more = [
        ApprovalPerson(one.id, person, number, "escalation", batch.now, None, None)
        for number, person in enumerate(people, start=len(view.people) + 1)
    ]
    if more:
        batch.tx.run_many("insert_approval_person", more)
    _say(batch, one, "APPROVAL_ESCALATED", people)
    tell(batch, one, "escalation", people)


def _say(batch: Batch, one: Approval, kind: str, people: list[str]) -> None:
    record(batch, one, kind, {"approval": one.id, "of": people})
