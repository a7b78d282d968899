"""Approvals: listed, shown, answered and handed on with a key; and the links of those who are asked."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from mainspring.codec import encode
from mainspring.engine.approval_commands import AnswerApproval, DelegateApproval
from mainspring.engine.approval_reads import ApprovalView, get_approval, links_of, list_approvals, signing_key
from mainspring.engine.approval_refusals import no_such_approval
from mainspring.model.approvals import ApprovalStatus
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.call import Call, origin_of, public_url_of
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.approvals import (
    AnswerBody,
    ApprovalShape,
    DelegateBody,
    LinksShape,
    WholeApprovalShape,
    approval_shape,
    whole_shape,
)
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1/approvals", "approvals")


class ApprovalFilter(Paging):
    status: ApprovalStatus | None = None
    to: str | None = Field(None, max_length=256, description="Those that this person is asked in.")
    run: str | None = Field(None, max_length=256, description="Those of this run.")
    tag: str | None = Field(None, max_length=256)


@router.get("")
async def get_approvals(call: Caller, asked: Annotated[ApprovalFilter, Query()]) -> Listing[ApprovalShape]:
    """Approvals, newest first."""
    limit = page_size(asked.limit, call.limits)
    wanted = (asked.status, asked.to, asked.run, asked.tag)
    page = await call.engine.read(list_approvals, call.environment_id, wanted, limit, asked.cursor)
    return listing(page, approval_shape)


@router.get("/{id}")
async def get_one_approval(call: Caller, id: str) -> WholeApprovalShape:
    """One approval, with the rounds before it."""
    return whole_shape(await _known(call, id))


@router.post("/{id}")
async def answer_approval(call: Caller, request: Request, id: str, body: AnswerBody) -> WholeApprovalShape:
    """Approve or reject, for `by`; 409 when they answered before, or it is over; 403 for who is not asked."""
    form = None
    if "form" in body.model_fields_set:
        form = encode(body.form, what="form", limit=call.limits.max_payload_bytes)
    command = AnswerApproval(
        id,
        body.decision,
        form,
        body.comment,
        body.by,
        "api",
        origin_of(request),
        call.environment_id,
        request_key=idempotency_key_of(request),
    )
    await call.engine.approvals.answer(command)
    return whole_shape(await _known(call, id))


@router.post("/{id}/delegate")
async def delegate_approval(
    call: Caller, request: Request, id: str, body: DelegateBody
) -> WholeApprovalShape:
    """Hand it on: `to` is asked in place of `by`, who can no longer answer."""
    command = DelegateApproval(id, body.by, body.to, "api", origin_of(request), call.environment_id)
    await call.engine.approvals.delegate(command)
    return whole_shape(await _known(call, id))


@router.get("/{id}/links")
async def get_approval_links(call: Caller, id: str) -> LinksShape:
    """The page of each person who is asked. Whoever has the URL answers as them."""
    view = await _known(call, id)
    key = await call.engine.read(signing_key, call.environment_id)
    links = [] if key is None else links_of(view, key, public_url_of(call.request))
    return LinksShape.model_validate({"data": links})


async def _known(call: Call, id: str) -> ApprovalView:
    view = await call.engine.read(get_approval, id, call.environment_id)
    if view is None:
        raise no_such_approval(id)
    return view
