"""What is asked of approvals. Decides nothing."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from mainspring.clock import to_iso
from mainspring.codec import decode
from mainspring.engine.views import Page
from mainspring.model.approval_links import link_of
from mainspring.model.approvals import Approval, ApprovalAnswer, ApprovalPerson, ApprovalStatus
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import APPROVAL, APPROVAL_ANSWER, APPROVAL_PERSON


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An approval, who is asked, and what was answered, in order."""

    approval: Approval
    people: tuple[ApprovalPerson, ...] = ()
    answers: tuple[ApprovalAnswer, ...] = ()
    #: The rounds before it, the oldest first; empty in lists.
    earlier: "tuple[ApprovalView, ...]" = ()


#: Which approvals: of this status, asked of this person, of this run, with this tag.
Wanted = tuple[ApprovalStatus | None, str | None, str | None, str | None]


def get_approval(tx: Transaction, approval_id: str, environment_id: str | None = None) -> ApprovalView | None:
    """One approval with the rounds before it; of one environment unless its link is looked at afterwards."""
    row = tx.row("get_approval", id=approval_id, environment_id=environment_id)
    if row is None:
        return None
    one = APPROVAL.value(row)
    matter = {"run_id": one.run_id, "correlation": one.correlation, "revision": one.revision}
    *earlier, view = views_of(tx, [*APPROVAL.values(tx.rows("rounds_before", **matter)), one])
    return replace(view, earlier=tuple(earlier))


def list_approvals(
    tx: Transaction, environment_id: str, wanted: Wanted, limit: int, before: str | None = None
) -> Page[ApprovalView]:
    """The newest first."""
    status, person, run_id, tag = wanted
    asked = {"status": status, "person": person, "run_id": run_id, "tag": tag}
    rows = tx.rows(
        "list_approvals", environment_id=environment_id, before=before or "~", limit=limit + 1, **asked
    )
    found = APPROVAL.values(rows[:limit])
    return Page(views_of(tx, found), found[-1].id if len(rows) > limit else None)


def signing_key(tx: Transaction, environment_id: str) -> bytes | None:
    """What signs the links of an environment; None before its first approval."""
    row = tx.row("get_signing_key", environment_id=environment_id)
    return None if row is None else str(row[0]).encode()


def views_of(tx: Transaction, approvals: list[Approval]) -> list[ApprovalView]:
    """Some approvals, as they stand: one whose run has ended was called off."""
    if not approvals:
        return []
    ids = sorted(one.id for one in approvals)
    people: dict[str, list[ApprovalPerson]] = defaultdict(list)
    for person in APPROVAL_PERSON.values(tx.rows("people_of_approvals", ids=ids)):
        people[person.approval_id].append(person)
    answers: dict[str, list[ApprovalAnswer]] = defaultdict(list)
    for answer in APPROVAL_ANSWER.values(tx.rows("answers_of_approvals", ids=ids)):
        answers[answer.approval_id].append(answer)
    waiting = sorted({one.run_id for one in approvals if one.status == "WAITING"})
    ended = dict(tx.rows("runs_that_ended", ids=waiting)) if waiting else {}
    return [
        ApprovalView(
            replace(one, status="CANCELLED", ended_at=ended[one.run_id])
            if one.status == "WAITING" and one.run_id in ended
            else one,
            tuple(people[one.id]),
            tuple(answers[one.id]),
        )
        for one in approvals
    ]


def links_of(view: ApprovalView, key: bytes, base_url: str) -> list[dict[str, Any]]:
    """The link of each person who may still answer: {"person", "url"}; anybody's when nobody is asked by name."""
    people = [one.person for one in view.people if one.delegated_to is None] if view.people else [""]
    base = base_url.rstrip("/")
    return [{"person": one or None, "url": base + link_of(key, view.approval, one)} for one in people]


# ── as JSON ──────────────────────────────────────────────────────────────────────────────────────────
def facts_of(view: ApprovalView) -> dict[str, Any]:
    """The approval as the API shows it and as its run is given it, but for `show` and `schema`."""
    one = view.approval
    return {
        "id": one.id,
        "status": one.status,
        "title": one.title,
        "run_id": one.run_id,
        "task": one.task_key,
        "tags": decode(one.tags),
        "quorum": one.quorum,
        "requested_by": one.requested_by,
        "correlation": one.correlation,
        "revision": one.revision,
        "created_at": to_iso(one.created_at),
        "expires_at": None if one.expires_at is None else to_iso(one.expires_at),
        "ended_at": None if one.ended_at is None else to_iso(one.ended_at),
        "people": [_person(person) for person in view.people],
        "answers": [_answer(answer) for answer in view.answers],
    }


def _person(one: ApprovalPerson) -> dict[str, Any]:
    return {
        "person": one.person,
        "asked_at": to_iso(one.asked_at),
        "kind": one.kind,
        "from": one.from_person,
        "delegated_to": one.delegated_to,
    }


def _answer(one: ApprovalAnswer) -> dict[str, Any]:
    return {
        "by": one.person or None,
        "decision": one.decision,
        "comment": one.comment,
        "form": None if one.form is None else decode(one.form),
        "via": one.via,
        "from": one.origin,
        "at": to_iso(one.answered_at),
    }
