"""Approvals as the API shows them, and what is said to answer one or to hand it on."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from mainspring.engine.approval_reads import ApprovalView, facts_of
from mainspring.model.approvals import ApprovalStatus
from mainspring.server.shapes.bodies import Body, Word
from mainspring.server.shapes.parts import At, Json, value_of

#: Characters of a comment at most.
MAX_COMMENT = 10_000


class AnswerBody(Body):
    decision: Literal["approve", "reject"]
    form: Json = Field(None, description="Fits the approval's schema; whoever rejects may leave it out.")
    comment: str | None = Field(None, max_length=MAX_COMMENT)
    by: Word | None = Field(
        None, description="Who answers: your program vouches for it.", examples=["ann@shop.com"]
    )


class DelegateBody(Body):
    by: Word = Field(description="Who was asked, and cannot answer any more.")
    to: Word = Field(description="Who is asked instead.")

    @model_validator(mode="after")
    def _another(self) -> Self:
        if self.by == self.to:
            raise ValueError("by and to are the same person")
        return self


class PersonShape(BaseModel):
    person: str = Field(examples=["ann@shop.com"])
    asked_at: At
    kind: Literal["asked", "escalation", "delegated"] = Field(
        description="Asked at first, because the others did not answer, or in place of another."
    )
    from_: str | None = Field(alias="from", description="Who handed it to them.")
    delegated_to: str | None = Field(description="To whom they handed it: they cannot answer any more.")


class AnswerShape(BaseModel):
    by: str | None
    decision: Literal["approve", "reject"]
    comment: str | None
    form: Json
    via: Literal["api", "link"]
    from_: str | None = Field(alias="from", description="The network address it came from.")
    at: At


class ApprovalShape(BaseModel):
    id: str = Field(examples=["apr_01K8W2D0E4V7M9Q3S5T6Y8Z1AB"])
    status: ApprovalStatus
    title: str
    show: Json
    schema_: Json = Field(alias="schema", description="JSON Schema of the form; null: there is none.")
    run_id: str
    task: str = Field(description="The key of the wait.")
    tags: list[str]
    quorum: int = Field(description="So many must approve.")
    requested_by: str | None = Field(description="Who asked for it, and may not answer.")
    correlation: str
    revision: int = Field(description="Counts the approvals of the run with this correlation.")
    created_at: At
    expires_at: At | None
    ended_at: At | None
    people: list[PersonShape] = Field(description="Who is asked; empty: anybody.")
    answers: list[AnswerShape]


class WholeApprovalShape(ApprovalShape):
    earlier: list[ApprovalShape] = Field(description="The rounds before this one, the oldest first.")


class LinkShape(BaseModel):
    person: str | None = Field(description="Null: nobody was asked by name.")
    url: str = Field(description="Their page. Whoever has it answers as them.")


class LinksShape(BaseModel):
    data: list[LinkShape]


def approval_shape(view: ApprovalView) -> ApprovalShape:
    return ApprovalShape.model_validate(_facts(view))


def whole_shape(view: ApprovalView) -> WholeApprovalShape:
    """With its earlier rounds."""
    earlier = [_facts(one) for one in view.earlier]
    return WholeApprovalShape.model_validate({**_facts(view), "earlier": earlier})


def _facts(view: ApprovalView) -> dict[str, object]:
    one = view.approval
    return {**facts_of(view), "show": value_of(one.show), "schema": value_of(one.form_schema)}
