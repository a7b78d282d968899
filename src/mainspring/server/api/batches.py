"""Batches: many runs started by one request, and how far they have come."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mainspring.codec import decode_body
from mainspring.engine.inspect import get_batch
from mainspring.errors import MalformedJson, NotFound
from mainspring.server.answers import json_response
from mainspring.server.batched import batch_shape, start_batch
from mainspring.server.bodies import check, idempotency_key_of, read_body, read_model
from mainspring.server.call import call_of
from mainspring.server.rooms import Caller, room
from mainspring.server.routes import PlainRoute
from mainspring.server.shapes.batches import BatchBody, BatchShape

router = room("/api/v1/batches", "batches")


async def post_batch(request: Request) -> Response:
    """POST /api/v1/batches"""
    call = await call_of(request)
    key = idempotency_key_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith(("ndjson", "jsonl")):
        body = check(BatchBody, {"runs": await _read_lines(request, call.limits.max_body_bytes)})
    else:
        body = await read_model(request, BatchBody)
    return json_response(await start_batch(call, body, key))


@router.get("/{id}")
async def get_batch_of(call: Caller, id: str) -> BatchShape:
    """How far a batch has come: its runs in order, and how many stand where."""
    runs = await call.engine.read(get_batch, call.environment_id, id)
    if not runs:
        raise NotFound(f"there is no batch {id[:64]!r} in this environment")
    return batch_shape(id, runs)


async def _read_lines(request: Request, limit: int) -> list[Any]:
    """One JSON value per line; empty lines are passed over."""
    raw = await read_body(request, limit)
    values = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            try:
                values.append(decode_body(line, limit=limit))
            except MalformedJson as error:
                raise MalformedJson(f"line {number} of the body: {error.message}") from None
    return values


BATCH_ROUTES = (
    PlainRoute("/api/v1/batches", post_batch, BatchBody, BatchShape, "Start many runs", "batches"),
)
