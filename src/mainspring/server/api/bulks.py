"""Bulk actions: many runs cancelled or replayed by one request."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request

from mainspring.codec import encode
from mainspring.engine.bulks import (
    count_runs,
    criteria_of,
    get_bulk,
    list_bulks,
    no_such_bulk,
    query_of,
)
from mainspring.engine.commands import AbortBulk, StartBulk
from mainspring.errors import BadRequest
from mainspring.ids import id_of
from mainspring.model.bulks import Bulk, BulkStatus
from mainspring.model.runs import FINAL_RUN_STATUSES, RUN_MOVES
from mainspring.server.api.queries import Paging, page_size, place_of
from mainspring.server.api.run_filters import RunCriteria, payload_terms, run_query
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.call import Call
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bulks import BulkBody, BulkFilter, BulkShape, bulk_shape, dry_shape
from mainspring.server.shapes.parts import Listing, listing

router = room("/api/v1", "runs")


@router.post("/runs/bulk")
async def start_bulk(call: Caller, request: Request, asked: BulkBody) -> BulkShape:
    """Cancel or replay many runs, by filter or by their ids. It goes on by itself; ask how far it has come."""
    now = call.now()
    criteria = _criteria(call, asked)
    if "ids" in criteria:
        total, is_exact = len(criteria["ids"]), True
    else:
        query = query_of(criteria, now)
        total, is_exact = await call.engine.read(count_runs, call.environment_id, query)
    if asked.dry_run:
        return dry_shape(asked.action, total, is_exact=is_exact)
    options = {"reason": asked.reason, "from_task": asked.from_task, "is_counted": is_exact}
    key = idempotency_key_of(request)
    bulk = Bulk(
        id=call.engine.ids.new("bulk") if key is None else id_of("bulk", (call.environment_id, key)),
        environment_id=call.environment_id,
        action=asked.action,
        status="RUNNING",
        criteria=encode(criteria, what="filter"),
        options=encode(options, what="options"),
        place=None,
        total=total,
        done=0,
        failed=0,
        failures="[]",
        created_by=call.holder.key_id,
        created_at=now,
        next_at=now,
        finished_at=None,
    )
    return bulk_shape(await call.engine.move_bulk(StartBulk(bulk)))


class BulkListFilter(Paging):
    status: BulkStatus | None = None


@router.get("/bulk")
async def list_all_bulks(call: Caller, asked: Annotated[BulkListFilter, Query()]) -> Listing[BulkShape]:
    """Bulk actions, newest first."""
    limit, cursor = page_size(asked.limit, call.limits), place_of(asked.cursor, r"\d{1,18}\.[\w-]{1,64}")
    page = await call.engine.read(list_bulks, call.environment_id, asked.status, limit, cursor)
    return listing(page, bulk_shape)


@router.get("/bulk/{id}")
async def get_one_bulk(call: Caller, id: str) -> BulkShape:
    """How far a bulk action has come, and what could not be done."""
    bulk = await call.engine.read(get_bulk, call.environment_id, id)
    if bulk is None:
        raise no_such_bulk(id)
    return bulk_shape(bulk)


@router.post("/bulk/{id}/abort")
async def abort_bulk(call: Caller, id: str) -> BulkShape:
    """Let it go no further; what is done stays done."""
    return bulk_shape(await call.engine.move_bulk(AbortBulk(call.environment_id, id)))


def _criteria(call: Call, asked: BulkBody) -> dict[str, Any]:
    if (asked.ids is None) == (asked.filter is None):
        raise _bad("filter", "give either filter or ids")
    if asked.action == "replay" and asked.reason is not None:
        raise _bad("reason", "is for cancel; a replay has none")
    if asked.action == "cancel" and asked.from_task is not None:
        raise _bad("from_task", "is for replay")
    if asked.filter is not None:
        return _filter(call, asked, asked.filter)
    ids = list(dict.fromkeys(asked.ids or ()))
    limit = call.limits.max_runs_per_batch
    if len(ids) > limit:
        raise _bad("ids", f"are {len(ids):,}; the limit is {limit:,} (max_runs_per_batch): use a filter")
    return {"ids": ids}


def _filter(call: Call, asked: BulkBody, filter: BulkFilter) -> dict[str, Any]:
    given = filter.model_dump(exclude_none=True)
    if not any(value not in ("", [], {}) for value in given.values()):
        raise _bad("filter", "is empty: name at least a status, a job, a tag or a time")
    paths = given.pop("payload", {})
    query = run_query(RunCriteria(**given), call.now(), within="filter.")
    texts = {path: _text(value) for path, value in paths.items()}
    query = replace(query, payload=payload_terms(texts, "filter."))
    statuses = query.statuses
    if asked.action == "cancel":
        if ended := [status for status in statuses if status in FINAL_RUN_STATUSES]:
            raise _bad("filter.status", f"{ended[0]} runs have ended: there is nothing to cancel")
        statuses = statuses or tuple(status for status in RUN_MOVES if status not in FINAL_RUN_STATUSES)
    elif not statuses and filter.error is None:
        raise _bad("filter.status", "is needed for replay: FAILED, say")
    return criteria_of(replace(query, statuses=statuses))


def _text(value: str | float | bool | None) -> str:
    """A value as it is written in a parameter."""
    return value if isinstance(value, str) else encode(value, what="a payload filter")


def _bad(path: str, message: str) -> BadRequest:
    return BadRequest(f"{path}: {message}", errors=[{"path": path, "message": message}])
