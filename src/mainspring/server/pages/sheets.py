"""From what the engine keeps of an approval to what its page shows of it."""

from mainspring.clock import Instant
from mainspring.engine.approval_reads import ApprovalView
from mainspring.server.pages.views import Asked, Round, Said, Sheet
from mainspring.server.shapes.parts import value_of


def sheet_of(view: ApprovalView, person: str | None, now: Instant) -> Sheet:
    """The approval as `person` sees it now."""
    one = view.approval
    is_late = one.status == "WAITING" and one.expires_at is not None and one.expires_at <= now
    return Sheet(
        id=one.id,
        title=one.title,
        run_id=one.run_id,
        # The engine ends it a moment later.
        status="EXPIRED" if is_late else one.status,
        show=value_of(one.show),
        created_at=one.created_at,
        expires_at=one.expires_at,
        ended_at=one.ended_at,
        now=now,
        person=person,
        people=[
            Asked(asked.person, asked.delegated_to, asked.from_person, asked.kind == "escalation")
            for asked in view.people
        ],
        answers=_answers(view),
        quorum=one.quorum,
        revision=one.revision,
        requested_by=one.requested_by,
        earlier=[
            Round(past.approval.revision, past.approval.status, value_of(past.approval.show), _answers(past))
            for past in view.earlier
        ],
    )


def _answers(view: ApprovalView) -> list[Said]:
    return [
        Said(
            said.person,
            said.decision,
            said.answered_at,
            said.comment,
            value_of(said.form),
            said.via == "link",
        )
        for said in view.answers
    ]
