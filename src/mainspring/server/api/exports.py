"""All runs of a filter: counted, and exported as CSV or NDJSON, a page in memory at a time."""

import csv
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from mainspring.clock import SECOND
from mainspring.engine import inspect
from mainspring.engine.bulks import count_runs
from mainspring.engine.views import RunQuery, RunView
from mainspring.model.payload_paths import payload_term, value_at
from mainspring.server.answers import json_response
from mainspring.server.api.run_filters import PAYLOAD, RunCriteria, read_criteria, run_query
from mainspring.server.call import Call, call_of
from mainspring.server.problems import bad_request
from mainspring.server.routes import PlainRoute
from mainspring.server.shapes.runs import RunCountShape, RunShape, run_facts
from mainspring.server.stream import StreamResponse

#: Runs read and sent at once: what an export may occupy in memory.
_PAGE = 100
#: Spreadsheets take a cell that begins so for a formula, and would compute what a stranger sent.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Format = Literal["csv", "ndjson"]

#: The columns of a CSV file unless others are asked for.
COLUMNS = (
    *("id", "status", "job_id", "job_version", "event_name", "event_id", "schedule_id", "parent_run_id"),
    *("replay_of", "queue", "tags", "is_test", "attempt", "created_at", "started_at", "finished_at"),
    *("seconds", "error_type", "error_message", "error_id", "payload", "output"),
)


class RunExport(RunCriteria):
    format: Format = Field("csv", description="`ndjson`: one run a line, as the API shows it.")
    columns: str | None = Field(
        None,
        max_length=2_048,
        description="Of CSV, with commas; also paths, like payload.order_id.",
        examples=["id,status,payload.order_id"],
    )


async def count_all(request: Request) -> Response:
    """GET /api/v1/runs/count."""
    call = await call_of(request)
    query = run_query(read_criteria(request, RunCriteria), call.now())
    count, is_exact = await call.engine.read(count_runs, call.environment_id, query)
    return json_response(RunCountShape(count=count, is_exact=is_exact))


async def export_runs(request: Request) -> Response:
    """GET /api/v1/runs/export: those that are there now, newest first."""
    call = await call_of(request)
    asked: RunExport = read_criteria(request, RunExport)
    now = call.now()
    query = run_query(asked, now, limit=_PAGE)
    query = replace(query, until=now + 1 if query.until is None else query.until)
    columns = _columns(asked.columns)
    answer = StreamResponse(_written(call, query, asked.format, columns), call.services.clock)
    answer.headers["content-type"] = (
        "text/csv; charset=utf-8; header=present" if asked.format == "csv" else "application/x-ndjson"
    )
    answer.headers["content-disposition"] = f'attachment; filename="runs.{asked.format}"'
    return answer


def _columns(asked: str | None) -> Sequence[str]:
    names = COLUMNS if asked is None else tuple(name.strip() for name in asked.split(",") if name.strip())
    for name in names:
        if name.startswith(PAYLOAD):
            payload_term(name.removeprefix(PAYLOAD), "")
        elif name not in COLUMNS:
            message = f"{name[:64]!r} is no column; there are {', '.join(COLUMNS)}, and payload.<path>"
            raise bad_request([(("columns",), message, "")])
    return names


async def _written(
    call: Call, query: RunQuery, format: Format, columns: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    if format == "csv":
        yield _line(columns)
    while True:
        page = await call.engine.read(inspect.list_runs, call.environment_id, query, call.now())
        if page.data and format == "csv":
            yield b"".join(_line(_cells(view, columns)) for view in page.data)
        elif page.data:
            yield b"".join(to_json(run_facts(view)) + b"\n" for view in page.data)
        if page.next_cursor is None:
            return
        query = replace(query, cursor=page.next_cursor)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cells(view: RunView, columns: Sequence[str]) -> list[str]:
    """A run's line, as a spreadsheet may open it without harm."""
    facts = run_facts(view)
    texts = (_text(_value(view, facts, column)) for column in columns)
    return [f"'{text}" if text.startswith(_FORMULA) else text for text in texts]


def _value(view: RunView, facts: Mapping[str, Any], column: str) -> Any:
    if column.startswith(PAYLOAD):
        return value_at(facts["payload"], column.removeprefix(PAYLOAD))
    match column:
        case "seconds":
            began, ended = view.run.started_at, view.run.finished_at
            return None if began is None or ended is None else (ended - began) / SECOND
        case "error_type" | "error_message":
            return (facts["error"] or {}).get(column.removeprefix("error_"))
        case "tags":
            return ", ".join(facts["tags"])
        case "payload" | "output":
            return None if facts[column] is None else to_json(facts[column]).decode()
        case _:
            return facts[column]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value).decode()


EXPORT_ROUTES = (
    PlainRoute(
        "/api/v1/runs/count",
        count_all,
        None,
        RunCountShape,
        "How many runs fit a filter",
        "runs",
        method="GET",
        query=RunCriteria,
    ),
    PlainRoute(
        "/api/v1/runs/export",
        export_runs,
        None,
        RunShape,
        "All runs of a filter as CSV, or as NDJSON: one run a line",
        "runs",
        method="GET",
        query=RunExport,
    ),
)
