"""Log lines across runs."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from mainspring.engine.log_lists import LinesQuery, newest_lines
from mainspring.model.logs import LogLevel
from mainspring.server.api.queries import Back, Paging, instant_of, page_size, place_of
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.account import LineListing, line_listing

router = room("/api/v1/logs", "logs")


class LineFilter(Paging):
    level: LogLevel | None = Field(None, description="That one and above.")
    job: str | None = Field(None, max_length=128)
    run: str | None = Field(None, max_length=64)
    text: str | None = Field(None, max_length=256, description="Lines that hold it, whatever the case.")
    since: Back = None
    until: Back = None


@router.get("")
async def list_lines(call: Caller, asked: Annotated[LineFilter, Query()]) -> LineListing:
    """Log lines of all runs, newest first. A page may hold fewer than `limit` though `next_cursor` says that there is
    more: then it was looked back to `looked_back_to`, and the cursor goes on from there."""
    now = call.now()
    query = LinesQuery(
        level=asked.level,
        job_id=asked.job,
        run_id=asked.run,
        text=asked.text or None,
        since=instant_of(asked.since, "since", now),
        until=instant_of(asked.until, "until", now),
        limit=page_size(asked.limit, call.limits),
        cursor=place_of(asked.cursor, r"\d{1,18}\.[\w-]{0,64}\.\d{1,18}\.\d{1,18}"),
    )
    page = await call.engine.read(newest_lines, call.environment_id, query)
    return line_listing(page)
