"""Approvals as user code sees them, and `client.approvals`: looked at, answered, handed on."""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mainspring.errors import DefinitionError
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import check_text, read_instant
from mainspring.sdk.json_text import encode

ApprovalStatus = Literal["WAITING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED"]
Decision = Literal["approve", "reject"]
DECISIONS = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class ApprovalAnswer:
    """What one person answered."""

    #: Who, as they said; of a link: whose it is.
    by: str | None
    decision: Decision
    #: When.
    at: datetime
    comment: str | None = None
    #: What they filled in: JSON that fits the approval's schema.
    form: Any = None
    via: Literal["api", "link"] = "api"
    #: The network address it came from.
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalPerson:
    """One of those who are asked."""

    person: str
    asked_at: datetime
    #: Asked at first, because the others did not answer, or in place of another (`has_from`).
    kind: Literal["asked", "escalation", "delegated"] = "asked"
    has_from: str | None = None
    #: To whom they handed it: they cannot answer any more.
    delegated_to: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalLink:
    """The page of an approval for one person. Whoever has the URL answers as them."""

    #: None: nobody was asked by name, and whoever answers says who they are.
    person: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A question of a run to people, who approve or reject."""

    id: str
    status: ApprovalStatus
    title: str
    #: What they are shown.
    show: Any
    #: JSON Schema of the form they fill in; None: there is none.
    schema: Mapping[str, Any] | None
    run_id: str
    #: The key of the wait.
    task: str
    tags: tuple[str, ...]
    #: So many must approve.
    quorum: int
    #: Who asked for it, and may not answer it.
    requested_by: str | None
    #: What reject, revise, approve loops have in common, and the how manieth round it is, from 1.
    correlation: str
    revision: int
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    people: tuple[ApprovalPerson, ...]
    answers: tuple[ApprovalAnswer, ...]
    #: The rounds before this one, the oldest first; as `client.approvals.retrieve` returns it.
    earlier: "tuple[Approval, ...]" = ()

    @property
    def by(self) -> str | None:
        """Who decided it: the last who answered."""
        return self.answers[-1].by if self.answers else None

    @property
    def comment(self) -> str | None:
        """What the last who answered said."""
        return self.answers[-1].comment if self.answers else None


def read_approval(shown: Mapping[str, Any]) -> Approval:
    """The approval of the API's approval object."""
    return Approval(
        id=shown["id"],
        status=shown["status"],
        title=shown["title"],
        show=shown["show"],
        schema=shown["schema"],
        run_id=shown["run_id"],
        task=shown["task"],
        tags=tuple(shown["tags"]),
        quorum=shown["quorum"],
        requested_by=shown["requested_by"],
        correlation=shown["correlation"],
        revision=shown["revision"],
        created_at=_instant(shown["created_at"]),
        expires_at=read_instant(shown["expires_at"]),
        ended_at=read_instant(shown["ended_at"]),
        people=tuple(_read_person(one) for one in shown["people"]),
        answers=tuple(_read_answer(one) for one in shown["answers"]),
        earlier=tuple(read_approval(one) for one in shown.get("earlier") or ()),
    )


def _read_person(shown: Mapping[str, Any]) -> ApprovalPerson:
    return ApprovalPerson(
        person=shown["person"],
        asked_at=_instant(shown["asked_at"]),
        kind=shown["kind"],
        has_from=shown["from"],
        delegated_to=shown["delegated_to"],
    )


def _read_answer(shown: Mapping[str, Any]) -> ApprovalAnswer:
    return ApprovalAnswer(
        by=shown["by"],
        decision=shown["decision"],
        at=_instant(shown["at"]),
        comment=shown["comment"],
        form=shown["form"],
        via=shown["via"],
        origin=shown["from"],
    )


def _instant(text: str) -> datetime:
    instant = read_instant(text)
    assert instant is not None, "it always says when"
    return instant


def approval_id_of(approval: Approval | str, call: str) -> str:
    """The id of what was given; `DefinitionError` when it is neither an approval nor an id."""
    approval_id = approval.id if isinstance(approval, Approval) else approval
    if isinstance(approval_id, str) and approval_id.startswith("apr_") and approval_id.isprintable():
        return approval_id
    raise DefinitionError(f"{call} got {approval!r:.80}", mend='Give an Approval, or its id: "apr_...".')


class Approvals:
    """`client.approvals`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def retrieve(self, approval_id: str) -> Approval:
        """The approval as it stands, with its earlier rounds. Raises `NotFound`."""
        return read_approval(await self._api.call("GET", f"/approvals/{segment(approval_id)}"))

    def list(
        self,
        *,
        status: ApprovalStatus | None = None,
        to: str | None = None,
        run: str | None = None,
        tag: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Approval]:
        """Approvals, the newest first: a page when awaited, all of them with `async for`.

        `to`: those that this person is asked in; `run`: of this run.
        """
        wanted = {"status": status, "to": to, "run": run, "tag": tag, "limit": limit, "cursor": cursor}
        return Listing(self._api, "/approvals", wanted, read_approval)

    async def answer(
        self,
        approval: Approval | str,
        decision: Decision,
        *,
        by: str | None = None,
        form: Any = None,
        comment: str | None = None,
    ) -> Approval:
        """Approve or reject it, for `by`: your program vouches for who that is.

        `form`: a value, or a model, that fits the approval's schema; only who approves has to fill it in. Raises
        `PayloadInvalid` naming each field that does not fit, `Forbidden` for who was not asked or asked themselves,
        `Conflict` with who and when for what was answered before, or is over; `NotFound`.
        """
        approval_id = approval_id_of(approval, "client.approvals.answer")
        if decision not in DECISIONS:
            raise DefinitionError(
                f"client.approvals.answer got the decision {decision!r:.80}",
                mend='Say "approve" or "reject".',
            )
        said = {
            "decision": decision,
            "by": check_text(by, "by, who answers an approval,"),
            "comment": comment,
            "form": form,
        }
        body = encode({key: value for key, value in said.items() if value is not None}, what="the answer")
        return read_approval(await self._api.call("POST", f"/approvals/{segment(approval_id)}", body=body))

    async def delegate(self, approval: Approval | str, *, by: str, to: str) -> Approval:
        """Hand it over: `to` is asked in place of `by`, who can no longer answer.

        Raises `Forbidden` when `by` was not asked, or `to` is who asked for the approval; `Conflict`, `NotFound`.
        """
        approval_id = approval_id_of(approval, "client.approvals.delegate")
        body = encode(
            {
                "by": check_text(by, "by, who hands it over,"),
                "to": check_text(to, "to, whom it is handed to,"),
            },
            what="the delegation",
        )
        shown = await self._api.call("POST", f"/approvals/{segment(approval_id)}/delegate", body=body)
        return read_approval(shown)

    async def links(self, approval: Approval | str) -> builtins.list[ApprovalLink]:
        """The page of each person who is asked, to be sent to them and nobody else. Raises `NotFound`."""
        approval_id = approval_id_of(approval, "client.approvals.links")
        shown = await self._api.call("GET", f"/approvals/{segment(approval_id)}/links")
        return [ApprovalLink(one["person"], one["url"]) for one in shown["data"]]
