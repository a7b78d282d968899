"""How a run asks people: what is asked is checked and written, who is asked is told, what they decide is read."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.clock import MINUTE
from mainspring.duration import Duration, parse_duration
from mainspring.errors import ApprovalRejected, DefinitionError
from mainspring.model.approvals import ApprovalDraft, NoticeKind, ask_key, same_person
from mainspring.model.waits import WaitSpec
from mainspring.sdk.approvals import Approval, read_approval
from mainspring.sdk.context import require_scope
from mainspring.sdk.json_text import decode, encode
from mainspring.sdk.keys import check_key
from mainspring.sdk.runtime import TaskCall, WaitCall
from mainspring.sdk.shape import Shape, shape_of
from mainspring.sdk.tokens import check_tags

_CALL = "io.wait_for_approval"
MAX_PEOPLE = 100
MIN_REMINDER = MINUTE
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
    #: Why they are told: they are asked; have not answered yet; are asked too, because the others did not answer;
    #: it was handed on to them.
    kind: NoticeKind


Notify = Callable[[ApprovalNotice], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What `io.wait_for_approval` was given."""

    title: str | None
    show: Any
    to: Sequence[str] | None
    quorum: int
    requested_by: str | None
    correlation: str | None
    timeout: Duration | None
    remind_every: Duration | None
    escalate_after: Duration | None
    escalate_to: Sequence[str] | None
    tags: Sequence[str]


async def ask_people(key: str, question: Question, schema: Any, notify: Notify | None) -> Any:
    """Asks, tells who is asked, and waits for what they decide: `io.wait_for_approval`."""
    runtime = require_scope(_CALL).runtime
    check_key(key, _CALL)
    shape = shape_of(schema, f"what was filled in for '{key}'")
    draft = _draft_of(key, question, shape, tells=notify is not None)
    asked = await runtime.ask_approval(ask_key(key), draft)
    news = [{"kind": "asked", **link} for link in asked["links"]]
    spec = WaitSpec("approval", approval_id=asked["id"])
    while True:
        if notify is not None and news:
            notices = [
                ApprovalNotice(asked["id"], draft.title, one["person"], one["url"], one["kind"])
                for one in news
            ]
            await asyncio.gather(*(runtime.run_task(_tell_call(key, notify, notice)) for notice in notices))
        said = await runtime.wait(WaitCall(key, "approval_wait", f"wait for {draft.title}", spec))
        news = said.get("news") or []
        if not news:
            return _decided(said["approval"], draft, shape, has_form=schema is not None)


def _draft_of(key: str, asked: Question, shape: Shape, *, tells: bool) -> ApprovalDraft:
    """The draft of an approval; `DefinitionError` for what could not be answered. The worker fills in the rest."""
    people = () if asked.to is None else _people("to", asked.to, asked.requested_by)
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
        timeout=_span(asked.timeout),
        correlation=key if asked.correlation is None else _name(asked.correlation),
        tags=check_tags(asked.tags, _CALL),
        base_url="",
        tells=tells,
        spare_key="",
        remind_every=_remind_every(asked, tells=tells),
        escalate_after=_span(asked.escalate_after),
        escalate_to=_escalate_to(asked, people),
    )


def _people(option: str, said: Sequence[str], requested_by: str | None) -> tuple[str, ...]:
    if isinstance(said, str) or not 0 < len(said) <= MAX_PEOPLE:
        raise DefinitionError(
            f"{_CALL} got {option}={said!r:.80}",
            mend=f'Give a list of 1 to {MAX_PEOPLE} people: {option}=["ann@shop.com"], or leave it out.',
        )
    people = tuple(dict.fromkeys(_name(one) for one in said))
    if any(same_person(one, requested_by) for one in people):
        raise DefinitionError(
            f"{_CALL} asks {requested_by}, who asked for it and may not answer",
            mend=f"Take them out of {option}=.",
        )
    return people


def _span(duration: Duration | None) -> int | None:
    return None if duration is None else parse_duration(duration)


def _remind_every(asked: Question, *, tells: bool) -> int | None:
    span = _span(asked.remind_every)
    if span is None:
        return None
    if not tells:
        raise DefinitionError(
            f"{_CALL} got remind_every= and no notify=: nobody would be told", mend="Give notify=."
        )
    if span < MIN_REMINDER:
        raise DefinitionError(
            f"{_CALL} got remind_every={asked.remind_every!r:.80}", mend="Remind once a minute at most."
        )
    return span


def _escalate_to(asked: Question, people: tuple[str, ...]) -> tuple[str, ...]:
    if asked.escalate_after is None and asked.escalate_to is None:
        return ()
    if asked.escalate_after is None or asked.escalate_to is None or not people:
        raise DefinitionError(
            f"{_CALL} needs escalate_after=, escalate_to= and to= together",
            mend="Say when, whom to ask then, and who is asked at first.",
        )
    return _people("escalate_to", asked.escalate_to, asked.requested_by)


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


def _tell_call(key: str, notify: Notify, notice: ApprovalNotice) -> TaskCall:
    """The task that tells somebody. What `notify` returns is not kept."""

    async def tell_async(given: ApprovalNotice) -> None:
        await notify(given)

    def tell(given: ApprovalNotice) -> None:
        notify(given)

    fn = tell_async if inspect.iscoroutinefunction(notify) else tell
    return TaskCall(f"{key}: tell {notice.person or 'anybody'}", fn, (notice,))


def _decided(shown: dict[str, Any], draft: ApprovalDraft, shape: Shape, *, has_form: bool) -> Any:
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
