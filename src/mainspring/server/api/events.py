"""Events: listed, shown, cancelled before their delivery, sent again. (`hot.py` takes them in.)"""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from mainspring.codec import encode
from mainspring.engine import inspect
from mainspring.engine.views import EventQuery
from mainspring.model.events import EventDraft
from mainspring.server.answers import sent_response
from mainspring.server.api.queries import Back, Paging, instant_of, page_size
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.found import find_event
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.events import EventShape, ReplayEventBody, event_shape
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1/events", "events")


class EventFilter(Paging):
    name: str | None = Field(None, max_length=256)
    since: Back = None
    source: str | None = Field(None, max_length=256, description="As the sender said.")
    text: str | None = Field(
        None, min_length=1, max_length=256, description="Somewhere in the payload's JSON, in any case."
    )
    run_id: str | None = Field(None, max_length=256, description="Those that a run was started by, or has.")


@router.get("")
async def list_events(call: Caller, asked: Annotated[EventFilter, Query()]) -> Listing[EventShape]:
    """Events, newest first."""
    query = EventQuery(
        name=asked.name,
        run_id=asked.run_id,
        since=instant_of(asked.since, "since", call.now()),
        source=asked.source,
        text=asked.text,
        limit=page_size(asked.limit, call.limits),
        cursor=asked.cursor,
    )
    page = await call.engine.read(inspect.list_events, call.environment_id, query)
    return listing(page, event_shape)


@router.get("/{id}")
async def get_event(call: Caller, id: str) -> EventShape:
    """One event, by our id or by the sender's."""
    return event_shape(await find_event(call, id))


@router.post("/{id}/cancel")
async def cancel_event(call: Caller, id: str) -> EventShape:
    """Cancel an event before its delivery."""
    view = await find_event(call, id)
    await call.engine.cancel_event(call.environment_id, view.event.id)
    return event_shape(await find_event(call, view.event.id))


@router.post("/{id}/replay", response_model=EventShape)
async def replay_event(
    call: Caller, request: Request, id: str, body: ReplayEventBody | None = None
) -> Response:
    """Send an event again, as a new one, now; with another payload if one is given."""
    event = (await find_event(call, id)).event
    payload = event.payload
    if body is not None and "payload" in body.model_fields_set:
        payload = encode(body.payload, what="payload", limit=call.limits.max_payload_bytes)
    draft = EventDraft(
        id=call.engine.ids.new("evt"),
        name=event.name,
        payload=payload,
        correlation_id=event.correlation_id,
        idempotency_key=idempotency_key_of(request),
        source=event.source,
        context=event.context,
        is_test=event.is_test,
    )
    (sent,) = await call.engine.send_events(call.environment_id, (draft,))
    return sent_response(request, sent)
