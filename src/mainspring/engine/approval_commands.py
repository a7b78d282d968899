"""What is done with approvals, as commands; part of `commands.Command`."""

from dataclasses import dataclass

from mainspring.model.approvals import ApprovalDoor, ApprovalDraft, Decision


@dataclass(frozen=True, slots=True)
class AskApproval:
    """By a run, through `ApprovalAsked`."""

    environment_id: str
    run_id: str
    task_key: str
    draft: ApprovalDraft


@dataclass(frozen=True, slots=True)
class AnswerApproval:
    """Result: the `ApprovalView`, or an error. Every refusal but `NotFound` stands in the history of the run."""

    approval_id: str
    decision: Decision
    #: JSON text of what was filled in.
    form: str | None
    comment: str | None
    #: Who answers.
    by: str | None
    via: ApprovalDoor
    #: Their network address.
    origin: str | None
    environment_id: str
    #: The same request sent again succeeds again.
    request_key: str | None = None


@dataclass(frozen=True, slots=True)
class DelegateApproval:
    """Result: the `ApprovalView`, or an error: `to` is asked in place of `by`."""

    approval_id: str
    by: str
    to: str
    via: ApprovalDoor
    origin: str | None
    environment_id: str


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """An attempt that was refused before it came to the engine. Result: None."""

    approval_id: str
    person: str | None
    why: str
    via: ApprovalDoor
    origin: str | None
