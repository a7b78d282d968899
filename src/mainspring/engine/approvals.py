"""Approvals: asked once by a run, answered once by each person, decided, handed on or over; who waits is told.

Who changes an approval holds its row first and looks for the wait afterwards; who begins to wait writes the wait first
and holds the row afterwards: on several servers too a decision is found, or finds the wait (I7). Whatever is refused
stands in the history of the run, and changes nothing.
"""

import hashlib
from dataclasses import replace
from typing import Any

from mainspring.clock import to_iso
from mainspring.codec import decode, encode
from mainspring.engine.approval_commands import AnswerApproval, AskApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.approval_reads import ApprovalView, facts_of, links_of, signing_key, views_of
from mainspring.engine.approval_refusals import (
    no_such_approval,
    over,
    refuse,
    why_not_answered,
    why_not_delegated,
)
from mainspring.engine.batch import Batch
from mainspring.engine.runs import earliest
from mainspring.engine.waits import Resolution, resolve
from mainspring.errors import MainspringError
from mainspring.model.approval_links import link_of
from mainspring.model.approvals import (
    Approval,
    ApprovalAnswer,
    ApprovalDraft,
    ApprovalPerson,
    ApprovalStatus,
    NoticeKind,
    approval_channel,
    same_person,
)
from mainspring.model.failures import Failure
from mainspring.model.waits import Wait
from mainspring.storage.shapes import APPROVAL, WAIT


# ── asked ────────────────────────────────────────────────────────────────────────────────────────────
def ask_approval(batch: Batch, command: AskApproval) -> str:
    """JSON of what the run is told: the id, the round, the links of those who are asked."""
    draft = command.draft
    batch.tx.run(
        "insert_signing_key", environment_id=command.environment_id, key=draft.spare_key, now=batch.now
    )
    approval = _new(batch, command)
    batch.tx.run_many("insert_approval", [approval])
    people = [
        ApprovalPerson(approval.id, one, number, "asked", batch.now, None, None)
        for number, one in enumerate(_who_may(draft), start=1)
    ]
    if people:
        batch.tx.run_many("insert_approval_person", people)
    batch.wake.at(approval.timer_at)
    asked = {"approval": approval.id, "of": [one.person for one in people], "shown": approval.digest}
    record(batch, approval, "APPROVAL_ASKED", asked)
    key = signing_key(batch.tx, command.environment_id)
    assert key is not None, "it was inserted in this transaction, or before"
    # Whoever has a link answers as that person: none is kept where nobody needs it.
    view = ApprovalView(approval, tuple(people))
    links = links_of(view, key, draft.base_url) if draft.tells else []
    return encode({"id": approval.id, "revision": approval.revision, "links": links}, what="approval")


def _who_may(draft: ApprovalDraft) -> list[str]:
    """Who is asked, each once; whoever asked for it is not, whatever the draft says."""
    people: list[str] = []
    for one in draft.people:
        if not any(same_person(one, other) for other in (*people, draft.requested_by)):
            people.append(one)
    return people or list(draft.people)  # nobody is left: not everybody


def _new(batch: Batch, command: AskApproval) -> Approval:
    draft = command.draft
    matter = {"run_id": command.run_id, "correlation": draft.correlation}
    ((rounds,),) = batch.tx.rows("count_rounds", **matter)
    expires_at, remind_at, escalate_at = (
        None if span is None else batch.now + span
        for span in (draft.timeout, draft.remind_every, draft.escalate_after)
    )
    timer_at = earliest(expires_at, remind_at, escalate_at)
    return Approval(
        id=draft.approval_id,
        environment_id=command.environment_id,
        run_id=command.run_id,
        task_key=command.task_key,
        title=draft.title,
        show=draft.show,
        digest=_digest(draft.title, draft.show, draft.form_schema),
        form_schema=draft.form_schema,
        quorum=draft.quorum,
        requested_by=draft.requested_by,
        correlation=draft.correlation,
        revision=rounds + 1,
        tags=encode(draft.tags, what="tags"),
        base_url=draft.base_url,
        tells=draft.tells,
        news="[]",
        refusals=0,
        status="WAITING",
        created_at=batch.now,
        expires_at=expires_at,
        remind_every=draft.remind_every,
        remind_at=remind_at,
        escalate_at=escalate_at,
        escalate_to=encode(draft.escalate_to, what="people") if draft.escalate_to else None,
        timer_at=timer_at,
        ended_at=None,
    )


def _digest(*shown: str | None) -> str:
    return hashlib.sha256("\n".join(one or "" for one in shown).encode()).hexdigest()


def record(batch: Batch, one: Approval, kind: Any, data: dict[str, Any]) -> None:
    """A line in the history of its run."""
    said = {name: value for name, value in data.items() if value is not None}
    batch.record((one.environment_id, one.run_id), kind, one.task_key, data=said)


# ── answered ─────────────────────────────────────────────────────────────────────────────────────────
def answer_approval(batch: Batch, command: AnswerApproval) -> ApprovalView | MainspringError:
    """The one answer of a person; the approval is decided as soon as it can be."""
    view = _held(batch, command.approval_id, command.environment_id)
    if view is None:
        return no_such_approval(command.approval_id)
    command = replace(command, by=_as_asked(view, command.by))
    mine = next((one for one in view.answers if same_person(one.person, command.by or "")), None)
    if mine is not None and _is_again(mine, command):
        return view
    view = ended_if_due(batch, view)
    error = why_not_answered(view, mine, command)
    if error is not None:
        return refuse(batch, view.approval, command, error)
    one = view.approval
    answer = ApprovalAnswer(
        one.id,
        command.by or "",
        len(view.answers) + 1,
        command.decision,
        command.form,
        command.comment,
        command.via,
        command.origin,
        command.request_key,
        one.digest,
        batch.now,
    )
    batch.tx.run_many("insert_approval_answer", [answer])
    said = {
        "by": command.by,
        "decision": command.decision,
        "comment": command.comment,
        "form": None if command.form is None else decode(command.form),
        "via": command.via,
        "from": command.origin,
        "seen": one.digest,
    }
    record(batch, one, "APPROVAL_ANSWERED", said)
    view = ApprovalView(one, view.people, (*view.answers, answer))
    status = _decided(view)
    return view if status is None else _end(batch, view, status)


def _as_asked(view: ApprovalView, by: str | None) -> str | None:
    """The name under which they are asked: one person, however it is written."""
    return next((one.person for one in view.people if same_person(one.person, by)), by)


def _is_again(mine: ApprovalAnswer, command: AnswerApproval) -> bool:
    """Whether it is the same request, or says the very same."""
    if command.request_key is not None and command.request_key == mine.request_key:
        return True
    said = (command.decision, command.form, command.comment)
    return said == (mine.decision, mine.form, mine.comment)


def _decided(view: ApprovalView) -> ApprovalStatus | None:
    """What it comes to; None: it can still come to either."""
    approvals = sum(one.decision == "approve" for one in view.answers)
    if approvals >= view.approval.quorum:
        return "APPROVED"
    rejections = len(view.answers) - approvals
    open_people = sum(one.delegated_to is None for one in view.people)
    if rejections and (not view.people or open_people - rejections < view.approval.quorum):
        return "REJECTED"
    return None


def refused_answer(batch: Batch, command: RefusedAnswer) -> None:
    """An attempt that did not come here: the history of the run keeps it, of an approval that there is."""
    view = _held(batch, command.approval_id, None)
    if view is not None:
        refuse(batch, view.approval, command, None)


# ── handed on ────────────────────────────────────────────────────────────────────────────────────────
def delegate_approval(batch: Batch, command: DelegateApproval) -> ApprovalView | MainspringError:
    """`to` is asked in place of `by`."""
    view = _held(batch, command.approval_id, command.environment_id)
    if view is None:
        return no_such_approval(command.approval_id)
    command = replace(command, by=_as_asked(view, command.by) or command.by)
    mine = next((one for one in view.people if one.person == command.by), None)
    if mine is not None and mine.delegated_to == command.to:
        return view
    view = ended_if_due(batch, view)
    error = why_not_delegated(view, mine, command)
    if error is not None:
        return refuse(batch, view.approval, command, error)
    one = view.approval
    after = ApprovalPerson(one.id, command.to, len(view.people) + 1, "delegated", batch.now, command.by, None)
    batch.tx.run("delegate_person", approval_id=one.id, person=command.by, delegated_to=command.to)
    batch.tx.run_many("insert_approval_person", [after])
    said = {"by": command.by, "to": command.to, "via": command.via, "from": command.origin}
    record(batch, one, "APPROVAL_DELEGATED", said)
    tell(batch, one, "delegated", [command.to])
    return views_of(batch.tx, [one])[0]


def tell(batch: Batch, one: Approval, kind: NoticeKind, people: list[str]) -> None:
    """Its run is woken to tell some people, now or as soon as it waits. "" is anybody."""
    key = signing_key(batch.tx, one.environment_id)
    if not one.tells or not people or key is None:
        return
    base = one.base_url.rstrip("/")
    notices = [
        {"kind": kind, "person": person or None, "url": base + link_of(key, one, person)} for person in people
    ]
    ((kept,),) = batch.tx.rows("get_approval_news", id=one.id)
    news = [*decode(kept), *notices]
    waits = _waits_for(batch, one)
    if waits:
        resolve(batch, [_told(wait, news) for wait in waits])
        news = []
    batch.tx.run("keep_approval_news", id=one.id, news=encode(news, what="news"))


def _told(wait: Wait, news: list[Any]) -> Resolution:
    return Resolution(wait, output=encode({"news": news}, what="news"), note={"news": len(news)})


# ── over ─────────────────────────────────────────────────────────────────────────────────────────────
def ended_if_due(batch: Batch, view: ApprovalView) -> ApprovalView:
    """As it stands now: over, if its time is; called off, if its run has ended."""
    one = view.approval
    if one.status == "CANCELLED":
        row = {"id": one.id, "status": one.status, "ended_at": one.ended_at}
        batch.tx.run("end_approval", **row)  # which the reads came to know from its run
    elif one.status == "WAITING" and one.expires_at is not None and one.expires_at <= batch.now:
        record(batch, one, "APPROVAL_EXPIRED", {"approval": one.id})
        return _end(batch, view, "EXPIRED")
    return view


def _end(batch: Batch, view: ApprovalView, status: ApprovalStatus) -> ApprovalView:
    batch.tx.run("end_approval", id=view.approval.id, status=status, ended_at=batch.now)
    (ended,) = views_of(batch.tx, _rows(batch, [view.approval.id]))
    resolve(batch, [_outcome(wait, ended) for wait in _waits_for(batch, ended.approval)])
    return ended


# ── waited for ───────────────────────────────────────────────────────────────────────────────────────
def check_approval_waits(batch: Batch, waits: list[Wait]) -> None:
    """Resolves waits for approvals that have ended already, or have news. Call after their rows are written."""
    waits = [wait for wait in waits if wait.kind == "approval"]
    if not waits:
        return
    views = {
        view.approval.id: view
        for view in views_of(batch.tx, _rows(batch, sorted({_approval_id(one) for one in waits})))
    }
    found = []
    for wait in waits:
        view = views.get(_approval_id(wait))
        if view is None:
            missing = no_such_approval(_approval_id(wait))
            failure = Failure("NotFound", str(missing), missing.code, task_key=wait.task_key)
            found.append(Resolution(wait, failure=failure))
        elif view.approval.status != "WAITING":
            found.append(_outcome(wait, view))
        elif view.approval.news != "[]":
            found.append(_told(wait, decode(view.approval.news)))
            batch.tx.run("keep_approval_news", id=view.approval.id, news="[]")
    resolve(batch, found)


def _outcome(wait: Wait, view: ApprovalView) -> Resolution:
    """What an approval that has ended means to the run."""
    one = view.approval
    note = {"approval": one.id, "status": one.status}
    if one.status in ("APPROVED", "REJECTED"):
        return Resolution(wait, output=encode({"approval": facts_of(view)}, what="approval"), note=note)
    failure = Failure("WaitTimeout", over(one), "wait_timeout", task_key=wait.task_key)
    return Resolution(wait, failure=failure, note={**note, "ended_at": to_iso(one.ended_at or 0)})


def _approval_id(wait: Wait) -> str:
    return (wait.channel or "").removeprefix(approval_channel(""))


def _waits_for(batch: Batch, one: Approval) -> list[Wait]:
    channels = [approval_channel(one.id)]
    rows = batch.tx.rows("waits_on_channels", environment_id=one.environment_id, channels=channels)
    return WAIT.values(rows)


def _rows(batch: Batch, ids: list[str]) -> list[Approval]:
    return APPROVAL.values(batch.tx.rows("approvals_to_change", ids=ids))


def _held(batch: Batch, approval_id: str, environment_id: str | None) -> ApprovalView | None:
    """The approval, held for a change; None when there is none in the environment."""
    views = views_of(batch.tx, _rows(batch, [approval_id]))
    if not views or environment_id not in (None, views[0].approval.environment_id):
        return None
    return views[0]
