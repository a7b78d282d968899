"""Answers that plain routes make by themselves."""

import zlib
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from mainspring.engine.commands import EventSent
from mainspring.errors import EventRejected
from mainspring.server.problems import problem_response
from mainspring.server.shapes.events import rejections_shape, sent_shape

#: Bytes; below, the answer fits into a few packets anyway.
_WORTH_PACKING = 8_192


def sent_response(request: Request, sent: EventSent) -> Response:
    """The event that was sent; a problem with the same facts when every job that listens refused it."""
    shape = sent_shape(sent)
    error = refusal_of(sent)
    if error is None:
        return json_response(shape)
    facts = shape.model_dump()
    # The reasons in the form that every other refusal has them in, too.
    errors = [problem for refused in facts["rejected"] for problem in refused["errors"]]
    return problem_response(error, request, **facts, errors=errors)


def refusal_of(sent: EventSent) -> EventRejected | None:
    """The error for an event that every job which listens refused; None when one took it, or none listens."""
    if not sent.rejections or sent.runs:
        return None
    reasons = [
        f"job '{refused.job_id}': {problem.path}: {problem.message}"
        for refused in sent.rejections
        for problem in refused.errors
    ]
    return EventRejected(
        f"no job takes the event '{sent.event.name}': {'; '.join(reasons[:5])}",
        rejections=[shape.model_dump() for shape in rejections_shape(sent.rejections)],
        event_id=sent.event.id,
    )


def json_response(answer: BaseModel | dict[str, Any]) -> Response:
    """200 with a shape, or what would be in one, as JSON."""
    return Response(to_json(answer), media_type="application/json")


def packed_json(request: Request, write: Callable[[], bytes]) -> Response:
    """200 with the JSON that `write` makes, compressed where it is long and the caller can take it. Blocking."""
    body, headers = write(), {"vary": "accept-encoding"}
    if len(body) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        # The lowest level: the highest makes a trace half as long again, and takes eight times as long.
        packer = zlib.compressobj(1, wbits=31)
        body, headers["content-encoding"] = packer.compress(body) + packer.flush(), "gzip"
    return Response(body, headers=headers, media_type="application/json")
