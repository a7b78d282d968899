"""What a run did: its tasks, logs and history."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from mainspring.engine import account
from mainspring.engine.views import LogQuery, Page
from mainspring.model.logs import LogLevel, LogLine
from mainspring.server.api.queries import Back, Paging, instant_of, page_size, place_of
from mainspring.server.found import known
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.account import (
    EntryShape,
    LogShape,
    TaskShape,
    entry_shape,
    log_shape,
    task_shape,
)
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1/runs/{id}", "runs")

#: Log lines read and sent at once.
LINES_AT_ONCE = 1_000
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON object a line, as in the list of logs.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    },
}


class LogFilter(Paging):
    level: LogLevel | None = Field(None, description="That one and above.")
    text: str | None = Field(None, max_length=256, description="Lines that hold it, whatever the case.")
    since: Back = None


class TaskPaging(Paging):
    cursor: str | None = Field(None, max_length=4_096, description="`next_cursor` of the page before.")
    key: str | None = Field(None, max_length=1_024, description="This task alone.")


@router.get("/tasks")
async def list_tasks(call: Caller, id: str, asked: Annotated[TaskPaging, Query()]) -> Listing[TaskShape]:
    """Its tasks with their attempts, in the order they began."""
    limit = page_size(asked.limit, call.limits)
    cursor = place_of(asked.cursor, r"\d{1,18}\.[^\x00]+")
    found = await call.engine.read(account.page_of_tasks, call.environment_id, id, cursor, limit, asked.key)
    return listing(known(found, id), task_shape)


@router.get("/logs")
async def list_logs(call: Caller, id: str, asked: Annotated[LogFilter, Query()]) -> Listing[LogShape]:
    """Its log lines, oldest first."""
    limit = page_size(asked.limit, call.limits)
    query = LogQuery(
        level=asked.level,
        text=asked.text,
        since=instant_of(asked.since, "since", call.now()),
        limit=limit,
        cursor=place_of(asked.cursor, r"-?\d{1,18}\.-?\d{1,18}"),
    )
    found = await call.engine.read(account.run_logs, call.environment_id, id, query)
    # Always with a cursor: the list grows while the run goes on, and is followed by asking again.
    return listing(known(found, id), log_shape)


@router.get("/logs/lines", response_class=Response, responses=_LINES)
async def all_logs(call: Caller, id: str) -> Response:
    """All its log lines there are now in one answer, a JSON object a line: to keep, or to search elsewhere."""

    async def page_after(cursor: str | None) -> Page[LogLine]:
        query = LogQuery(limit=LINES_AT_ONCE, cursor=cursor)
        return known(await call.engine.read(account.run_logs, call.environment_id, id, query), id)

    first = await page_after(None)

    async def parts() -> AsyncIterator[str]:
        page = first
        while page.data:
            yield "".join(f"{log_shape(line).model_dump_json()}\n" for line in page.data)
            page = await page_after(page.next_cursor)

    headers = {"content-disposition": f'attachment; filename="{id}.log.ndjson"'}
    return StreamingResponse(parts(), headers=headers, media_type="application/x-ndjson")


@router.get("/history")
async def list_history(call: Caller, id: str, asked: Annotated[Paging, Query()]) -> Listing[EntryShape]:
    """The append-only account, oldest first."""
    limit = page_size(asked.limit, call.limits)
    after = cursor_sequence(asked.cursor)
    found = await call.engine.read(account.run_history, call.environment_id, id, after, limit)
    entries = [entry_shape(entry) for entry in known(found, id)]
    return Listing(data=entries, next_cursor=str(entries[-1].sequence if entries else after))


def cursor_sequence(cursor: str | None) -> int:
    """The sequence that a cursor of a history is; `BadRequest` for another one."""
    return int(place_of(cursor, r"\d{1,18}") or 0)
