"""Why an answer to an approval is refused, in words; and the line in the history that keeps who tried."""

from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from mainspring.clock import to_iso
from mainspring.codec import clean_text, decode
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval, RefusedAnswer
from mainspring.engine.approval_reads import ApprovalView
from mainspring.engine.batch import Batch
from mainspring.engine.jobs import MAX_PROBLEMS, problem_of, refuse_uri
from mainspring.errors import Conflict, MainspringError, NotAsked, NotFound, PayloadInvalid
from mainspring.model.approvals import Approval, ApprovalAnswer, ApprovalPerson, same_person

#: Attempts of one approval that the history keeps: whoever goes on trying does not fill the database.
MAX_KEPT = 20
MAX_WHY = 1_000


def refuse(
    batch: Batch,
    one: Approval,
    command: AnswerApproval | DelegateApproval | RefusedAnswer,
    error: MainspringError | None,
) -> MainspringError:
    """The error, after the history has kept who tried, and why it was refused."""
    is_told = isinstance(command, RefusedAnswer)
    why = command.why if isinstance(command, RefusedAnswer) else error.message if error is not None else ""
    if one.refusals < MAX_KEPT:
        said = {
            "by": command.person if isinstance(command, RefusedAnswer) else command.by,
            "why": clean_text(why, MAX_WHY),
            "via": command.via,
            "from": command.origin,
        }
        data = {name: value for name, value in said.items() if value is not None}
        batch.record((one.environment_id, one.run_id), "APPROVAL_REFUSED", one.task_key, data=data)
        batch.tx.run("count_refusal", id=one.id)
    assert error is not None or is_told, "who is refused is told why"
    return error or Conflict(why)


def why_not_answered(
    view: ApprovalView, mine: ApprovalAnswer | None, command: AnswerApproval
) -> MainspringError | None:
    """What stands against an answer; None: nothing."""
    one = view.approval
    if mine is not None:
        return _answered_before(one, mine)
    if one.status != "WAITING":
        return _over(view)
    error = _not_asked(view, command.by)
    if error is not None or command.decision == "reject":
        return error
    return _misfit(one, command.form)


def why_not_delegated(
    view: ApprovalView, mine: ApprovalPerson | None, command: DelegateApproval
) -> MainspringError | None:
    """What stands against handing it on; None: nothing."""
    one = view.approval
    if one.status != "WAITING":
        return _over(view)
    error = _not_asked(view, command.by)
    if error is not None:
        return error
    if mine is None:
        return NotAsked(
            f"nobody is asked by name in the approval {one.id}: anybody may answer",
            mend="There is nothing to be handed on.",
        )
    answered = next((said for said in view.answers if said.person == command.by), None)
    if answered is not None:
        return _answered_before(one, answered)
    if same_person(command.to, one.requested_by):
        return NotAsked(
            f"{command.to} asked for the approval {one.id} and may not answer it",
            mend="Hand it to somebody else.",
        )
    if any(same_person(command.to, other.person) for other in view.people):
        return Conflict(
            f"{command.to} is asked in the approval {one.id} already", mend="Hand it to somebody else."
        )
    return None


def _not_asked(view: ApprovalView, by: str | None) -> MainspringError | None:
    one = view.approval
    if one.requested_by is not None and (by is None or same_person(by, one.requested_by)):
        who = "whoever asked for it" if by is None else by
        return NotAsked(
            f"{who} asked for the approval {one.id} and may not answer it"
            if by is not None
            else f"the approval {one.id} was asked for by {one.requested_by}, and this answer says nobody's name",
            mend="Somebody else has to answer." if by is not None else "Say who answers: by.",
        )
    if not view.people:
        return None
    asked = next((person for person in view.people if person.person == by), None)
    if asked is None:
        names = ", ".join(person.person for person in view.people if person.delegated_to is None)
        who = by or "whoever does not say their name"
        return NotAsked(f"{who} is not asked in the approval {one.id}", mend=f"These are asked: {names}.")
    if asked.delegated_to is not None:
        return NotAsked(
            f"{by} handed the approval {one.id} to {asked.delegated_to}",
            mend=f"{asked.delegated_to} has to answer.",
        )
    return None


def _misfit(one: Approval, form: str | None) -> PayloadInvalid | None:
    """What is wrong with a form, field by field."""
    if one.form_schema is None:
        if form is None:
            return None
        errors = [{"path": "$", "message": "the approval has no form"}]
    else:
        errors = _problems(one.form_schema, None if form is None else decode(form))
    if not errors:
        return None
    said = "; ".join(f"{error['path']}: {error['message']}" for error in errors[:5])
    return PayloadInvalid(
        f"the form of the approval {one.id} does not fit: {said}",
        mend="Fill in what its schema asks for.",
        errors=errors,
    )


def _problems(schema_text: str, value: Any) -> list[dict[str, str]]:
    try:
        found = _validator(schema_text).iter_errors(value)
    except (
        ValueError
    ):  # of a worker that is not ours: nothing fits it, and the approval can still be rejected
        return [{"path": "$", "message": "the schema of this form is not valid"}]
    problems = [problem_of(error) for error in islice(found, MAX_PROBLEMS)]
    return [{"path": problem.path, "message": problem.message} for problem in problems]


@lru_cache(maxsize=128)
def _validator(schema_text: str) -> Any:
    return jsonschema_rs.validator_for(schema_text, retriever=refuse_uri)


def no_such_approval(approval_id: str) -> NotFound:
    return NotFound(
        f"there is no approval {approval_id[:80]!r} here",
        mend="`mainspring approvals list` shows those of this environment.",
    )


def _answered_before(one: Approval, answer: ApprovalAnswer) -> Conflict:
    who = answer.person or "somebody"
    did = "approved" if answer.decision == "approve" else "rejected"
    return Conflict(
        f"{who} {did} the approval {one.id} at {to_iso(answer.answered_at)}: this changes nothing",
        mend="The first answer of a person counts.",
    )


def _over(view: ApprovalView) -> Conflict:
    one = view.approval
    said = over(one)
    if one.status in ("APPROVED", "REJECTED") and view.answers:
        said = f"{said} by {view.answers[-1].person or 'somebody'}"
    return Conflict(f"{said}: this changes nothing", mend="Its run has gone on, or has ended.")


def over(one: Approval) -> str:
    """When and how it ended."""
    words = {
        "APPROVED": "was approved",
        "REJECTED": "was rejected",
        "EXPIRED": "was not decided before it expired",
        "CANCELLED": "was called off",
    }
    return f"the approval {one.id} {words.get(one.status, 'ended')} at {to_iso(one.ended_at or 0)}"
