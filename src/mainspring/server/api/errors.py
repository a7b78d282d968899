"""Groups of failures: listed, shown, resolved, ignored, reopened."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from mainspring.engine.error_commands import ChangeError
from mainspring.engine.error_groups import no_such_error
from mainspring.engine.error_reads import ErrorQuery, Reach, get_error, list_errors
from mainspring.errors import BadRequest
from mainspring.model.error_groups import ErrorStatus
from mainspring.server.api.queries import Back, Paging, instant_of, page_size, place_of
from mainspring.server.call import Call
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import validated
from mainspring.server.shapes.errors import (
    ByBody,
    ErrorGroupShape,
    IgnoreBody,
    WholeErrorGroupShape,
    error_shape,
    whole_error_shape,
)
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1/errors", "errors")

CountsReach = Annotated[Reach, Query(description="How far back `counts` reaches: 24 hours, 7 or 30 days.")]


class ErrorFilter(Paging):
    status: ErrorStatus | None = None
    job: str | None = Field(None, max_length=128)
    text: str | None = Field(
        None, max_length=256, description="In message, class or task, whatever the case."
    )
    since: Back = None
    counts: Reach = Field("24h", description="How far back `counts` reaches: 24 hours, 7 or 30 days.")


@router.get("")
async def list_error_groups(call: Caller, asked: Annotated[ErrorFilter, Query()]) -> Listing[ErrorGroupShape]:
    """Failures in groups, seen last first. A page may hold fewer than `limit` though there is a next one."""
    now = call.now()
    query = ErrorQuery(
        status=asked.status,
        job_id=asked.job,
        text=asked.text or None,
        since=instant_of(asked.since, "since", now),
        reach=asked.counts,
        limit=page_size(asked.limit, call.limits),
        cursor=place_of(asked.cursor, r"\d{1,18}\.[\w-]{1,64}"),
    )
    return listing(await call.engine.read(list_errors, call.environment_id, query, now), error_shape)


@router.get("/{id}")
async def get_error_group(call: Caller, id: str, counts: CountsReach = "24h") -> WholeErrorGroupShape:
    """One group: what it failed with last, in which versions it was seen, and what befell it."""
    whole = await call.engine.read(get_error, call.environment_id, id, counts, call.now())
    if whole is None:
        raise no_such_error(id)
    return whole_error_shape(whole)


@router.post("/{id}/resolve")
async def resolve_error_group(call: Caller, id: str, body: ByBody | None = None) -> WholeErrorGroupShape:
    """It is mended. Should it come again it opens by itself."""
    return await _change(call, ChangeError(call.environment_id, id, "resolved", _by(call, body)))


@router.post("/{id}/ignore")
async def ignore_error_group(call: Caller, id: str, body: IgnoreBody | None = None) -> WholeErrorGroupShape:
    """Leave it aside: for good, up to an instant, or until so many more runs failed."""
    by = _by(call, body)
    if body is None:
        return await _change(call, ChangeError(call.environment_id, id, "ignored", by))
    until: int | None = validated(body.until)
    if body.span is not None:
        until = call.now() + (validated(body.span) or 0)
    if until is not None and until <= call.now():
        message = "is in the past"
        raise BadRequest(f"until: {message}", errors=[{"path": "until", "message": message}])
    return await _change(call, ChangeError(call.environment_id, id, "ignored", by, until, body.runs))


@router.post("/{id}/reopen")
async def reopen_error_group(call: Caller, id: str, body: ByBody | None = None) -> WholeErrorGroupShape:
    """It is open again."""
    return await _change(call, ChangeError(call.environment_id, id, "unresolved", _by(call, body)))


def _by(call: Call, body: ByBody | None) -> str:
    return call.holder.key_id if body is None or body.by is None else body.by


async def _change(call: Call, command: ChangeError) -> WholeErrorGroupShape:
    await call.engine.errors.change(command)
    return await get_error_group(call, command.error_id)
