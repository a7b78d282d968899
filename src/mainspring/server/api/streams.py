"""Live streams of a run and of the environment, and the chunks that a run streamed."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from mainspring.engine.news import News, Place, environment_news, run_chunks, run_news
from mainspring.server.api.account import cursor_sequence
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.found import known
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.parts import Listing
from mainspring.server.shapes.streams import ChunkShape, chunk_shape
from mainspring.server.stream import PAGE, Feed, StreamResponse, has_ended, place_of

router = room("/api/v1", "streams")

_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}


class StreamPlace(BaseModel):
    model_config = ConfigDict(extra="forbid")

    last_event_id: str | None = Field(
        None, max_length=64, description="Go on after this id; the header Last-Event-ID does the same."
    )


class RunStreamPlace(StreamPlace):
    logs: bool = Field(False, description="With the run's log lines among the rest.")
    spans: bool = Field(False, description="With the spans of its timeline that change.")


class ChunkFilter(Paging):
    stream: str | None = Field(None, max_length=128, description="Those of this one alone.")


@router.get("/runs/{id}/stream", response_class=Response, responses=_ANSWER)
async def stream_run(
    call: Caller, request: Request, id: str, asked: Annotated[RunStreamPlace, Query()]
) -> Response:
    """What a run does, live: from its beginning, or after an id, until it has ended."""
    left = place_of(request)
    place = left or Place()
    place = Place(place.sequence, (place.log or Place.BEFORE_LOGS) if asked.logs else None, asked.spans)

    async def ask(place: Place) -> News:
        engine = call.engine
        return known(await engine.read(run_news, call.environment_id, id, engine.edge, place, PAGE), id)

    news = await ask(place)
    if left is not None and has_ended(news) and not news.entries and not news.logs:
        return Response(status_code=204)  # which tells a browser not to come back
    return StreamResponse(Feed(call, ask, place, id).parts(), call.services.clock)


@router.get("/stream", response_class=Response, responses=_ANSWER)
async def stream_environment(
    call: Caller, request: Request, asked: Annotated[StreamPlace, Query()]
) -> Response:
    """What all runs do, live: from now on, or after an id."""
    engine, place = call.engine, place_of(request)

    async def ask(place: Place | None) -> News:
        after = None if place is None else place.sequence
        return await engine.read(environment_news, call.environment_id, engine.edge, after, PAGE)

    place = Place((await ask(None)).until if place is None else place.sequence)
    return StreamResponse(Feed(call, ask, place).parts(), call.services.clock)


@router.get("/runs/{id}/chunks")
async def list_chunks(call: Caller, id: str, asked: Annotated[ChunkFilter, Query()]) -> Listing[ChunkShape]:
    """What a run streamed with `io.stream`, oldest first."""
    limit = page_size(asked.limit, call.limits)
    after = cursor_sequence(asked.cursor)
    found = await call.engine.read(run_chunks, call.environment_id, id, asked.stream, after, limit)
    chunks = [chunk_shape(entry) for entry in known(found, id)]
    # Always with a cursor: the list grows while the run goes on.
    return Listing(data=chunks, next_cursor=str(chunks[-1].sequence if chunks else after))
