"""How a run asks people: what is asked is checked and written, who is asked is told, what they decide is read."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mainspring.errors import ApprovalRejected, DefinitionError
from mainspring.model.approvals import ApprovalDraft, same_person
from mainspring.sdk.approvals import Approval, read_approval
from mainspring.sdk.json_text import decode, encode
from mainspring.sdk.runtime import TaskCall
from mainspring.sdk.shape import Shape
from mainspring.sdk.tokens import check_tags

_CALL = "io.wait_for_approval"
MAX_PEOPLE = 100
MAX_NAME = 256
MAX_TITLE = 500


@dataclass(frozen=True, slots=True)
class ApprovalNotice:
    """What `notify` is called with: somebody is to be told that they are asked."""

    approval_id: str
    title: str
    #: None: nobody is asked by name.
    person: str | None
    #: Their page. Whoever has it answers as them.
    url: str
    #: Why they are told: they are asked, or it was handed on to them.
    kind: Literal["asked", "delegated"]


@dataclass(frozen=True, slots=True)
class Question:
    """What `io.wait_for_approval` was given."""

    title: str | None
    show: Any
    to: Sequence[str] | None
    quorum: int
    requested_by: str | None
    correlation: str | None


def draft_of(
    key: str, asked: Question, shape: Shape, timeout: int | None, tags: Sequence[str], *, tells: bool
) -> ApprovalDraft:
    """The draft of an approval; `DefinitionError` for what could not be answered. The worker fills in the rest."""
    people = _people(asked)
    title = key if asked.title is None else asked.title
    if not isinstance(title, str) or not 0 < len(title.strip()) <= MAX_TITLE or not title.isprintable():
        raise DefinitionError(
            f"{_CALL} got the title {title!r:.80}", mend=f"Give a line of at most {MAX_TITLE} characters."
        )
    return ApprovalDraft(
        approval_id="",
        title=title,
        show=None if asked.show is None else encode(asked.show, what=f"what '{key}' shows"),
        form_schema=None if shape.schema is None else encode(shape.schema, what=f"the form of '{key}'"),
        people=people,
        quorum=_quorum(asked.quorum, people),
        requested_by=None if asked.requested_by is None else _name(asked.requested_by),
        timeout=timeout,
        correlation=key if asked.correlation is None else _name(asked.correlation),
        tags=check_tags(tags, _CALL),
        base_url="",
        tells=tells,
        spare_key="",
    )


def _people(asked: Question) -> tuple[str, ...]:
    if asked.to is None:
        return ()
    if isinstance(asked.to, str) or not 0 < len(asked.to) <= MAX_PEOPLE:
        raise DefinitionError(
            f"{_CALL} got to={asked.to!r:.80}",
            mend=f'Give a list of 1 to {MAX_PEOPLE} people: to=["ann@shop.com"], or leave it out for anybody.',
        )
    people = tuple(dict.fromkeys(_name(one) for one in asked.to))
    if any(same_person(one, asked.requested_by) for one in people):
        raise DefinitionError(
            f"{_CALL} asks {asked.requested_by}, who asked for it and may not answer",
            mend="Take them out of to=.",
        )
    return people


def _quorum(quorum: int, people: tuple[str, ...]) -> int:
    most = len(people) or MAX_PEOPLE
    if isinstance(quorum, bool) or not isinstance(quorum, int) or not 1 <= quorum <= most:
        raise DefinitionError(
            f"{_CALL} got quorum={quorum!r:.80}",
            mend=f"So many must approve: a whole number from 1 to {most}.",
        )
    return quorum


def _name(text: Any) -> str:
    if isinstance(text, str) and text.strip() and len(text) <= MAX_NAME and text.isprintable():
        return text
    raise DefinitionError(
        f"{_CALL} got {text!r:.80} as a name",
        mend=f'Names are lines of 1 to {MAX_NAME} characters: "ann@shop.com".',
    )


def tell_call(key: str, notify: Callable[[ApprovalNotice], Any], notice: ApprovalNotice) -> TaskCall:
    """The task that tells somebody. What `notify` returns is not kept."""

    async def tell_async(given: ApprovalNotice) -> None:
        await notify(given)

    def tell(given: ApprovalNotice) -> None:
        notify(given)

    fn = tell_async if inspect.iscoroutinefunction(notify) else tell
    return TaskCall(f"{key}: tell {notice.person or 'anybody'}", fn, (notice,))


def decided(shown: dict[str, Any], draft: ApprovalDraft, shape: Shape, *, has_form: bool) -> Any:
    """What the call returns; raises `ApprovalRejected`."""
    approval: Approval = read_approval(
        {
            **shown,
            "show": None if draft.show is None else decode(draft.show),
            "schema": None if draft.form_schema is None else decode(draft.form_schema),
        }
    )
    if approval.status == "REJECTED":
        because = f": {approval.comment}" if approval.comment else ""
        error = ApprovalRejected(
            f"'{approval.title}' was rejected by {approval.by or 'somebody'}{because}",
            comment=approval.comment,
            by=approval.by,
            approval=approval,
        )
        raise error
    return shape.read(encode(approval.answers[-1].form, what="a form")) if has_form else approval
