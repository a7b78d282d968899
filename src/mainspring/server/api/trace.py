"""The timeline of a run: its spans, and the runs that it started."""

import asyncio
from typing import Annotated

from fastapi import Query
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from mainspring.engine.news import trace_now
from mainspring.engine.spans import page_of_children
from mainspring.engine.views import Span
from mainspring.server.answers import packed_json
from mainspring.server.api.queries import Paging, page_size, place_of
from mainspring.server.call import call_of
from mainspring.server.found import known
from mainspring.server.rooms import Caller, room
from mainspring.server.routes import PlainRoute
from mainspring.server.shapes.parts import Listing, listing
from mainspring.server.shapes.spans import ChildShape, TraceShape, child_shape, span_facts

router = room("/api/v1/runs/{id}", "runs")


async def get_trace(request: Request) -> Response:
    """GET /api/v1/runs/{id}/trace: spans for a timeline, without payloads."""
    call = await call_of(request)
    run_id: str = request.path_params["id"]
    engine = call.engine
    spans, sequence = known(await engine.read(trace_now, call.environment_id, run_id, engine.edge), run_id)
    # Tens of thousands of spans take a while to write: not where all other requests wait for their turn.
    return await asyncio.to_thread(packed_json, request, lambda: _written(spans, sequence))


def _written(spans: list[Span], sequence: int) -> bytes:
    facts = [span_facts(span) for span in spans]
    return to_json({"data": facts, "next_cursor": None, "sequence": sequence})


@router.get("/children")
async def list_children(call: Caller, id: str, asked: Annotated[Paging, Query()]) -> Listing[ChildShape]:
    """The runs that it started, the oldest first."""
    limit = page_size(asked.limit, call.limits)
    cursor = place_of(asked.cursor, r"[\w-]{1,64}")
    found = await call.engine.read(page_of_children, call.environment_id, id, cursor, limit)
    return listing(known(found, id), child_shape)


TRACE_ROUTES = (
    PlainRoute(
        "/api/v1/runs/{id}/trace",
        get_trace,
        None,
        TraceShape,
        "Spans for a timeline, without payloads",
        "runs",
        method="GET",
    ),
)
