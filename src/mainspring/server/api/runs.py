"""Runs: listed, shown and waited for, cancelled, replayed, resumed."""

from dataclasses import replace
from typing import Annotated, Any, get_args

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mainspring.clock import SECOND, Instant
from mainspring.codec import encode
from mainspring.engine import inspect
from mainspring.engine.views import Page, RunQuery, RunView
from mainspring.errors import BadRequest
from mainspring.model.runs import RunStatus
from mainspring.server.api.queries import Back, Paging, instant_of, page_size
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.call import Caller
from mainspring.server.found import find_run
from mainspring.server.longpoll import hold
from mainspring.server.routes import room
from mainspring.server.shapes.bodies import ReplayBody
from mainspring.server.shapes.parts import Listing, listing
from mainspring.server.shapes.runs import RunShape, run_shape

router = room("/api/v1/runs", "runs")

#: Proxies cut connections that are silent for longer.
LONGEST_WAIT = 60.0


class RunFilter(Paging):
    status: str | None = Field(
        None, description="One, or several with commas.", examples=["FAILED,TIMED_OUT"]
    )
    job: str | None = Field(None, max_length=128)
    event_id: str | None = Field(None, max_length=256)
    tag: str | None = Field(None, max_length=256)
    since: Back = None
    until: Back = None


class RunWait(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wait: float = Field(0, ge=0, description=f"Seconds to wait for its end, at most {LONGEST_WAIT:g}.")


@router.get("")
async def list_runs(call: Caller, asked: Annotated[RunFilter, Query()]) -> Listing[RunShape]:
    """Runs, newest first."""
    now = call.now()
    query = RunQuery(
        job_id=asked.job,
        event_id=asked.event_id,
        tag=asked.tag,
        since=instant_of(asked.since, "since", now),
        until=instant_of(asked.until, "until", now),
        limit=page_size(asked.limit, call.limits),
        cursor=asked.cursor,
    )
    statuses = _statuses(asked.status)
    if statuses:
        page = await call.engine.read(_newest_of_all, call.environment_id, query, statuses, now)
    else:
        page = await call.engine.read(inspect.list_runs, call.environment_id, query, now)
    return listing(page, run_shape)


@router.get("/{id}")
async def get_run(call: Caller, request: Request, id: str, asked: Annotated[RunWait, Query()]) -> RunShape:
    """One run; with `wait`, when it has ended or the time is up."""
    span = round(min(asked.wait, LONGEST_WAIT) * SECOND)
    if not span:
        return run_shape(await find_run(call, id))
    waiting = call.engine.wait_run(call.environment_id, id, span)
    view = await hold(request, waiting, call.services.draining)
    return run_shape(view or await find_run(call, id))


@router.post("/{id}/cancel")
async def cancel_run(call: Caller, id: str) -> RunShape:
    """End it, or ask it to stop when it runs."""
    await call.engine.cancel_run(call.environment_id, id)
    return run_shape(await find_run(call, id))


@router.post("/{id}/replay")
async def replay_run(call: Caller, request: Request, id: str, asked: ReplayBody | None = None) -> RunShape:
    """Start a fresh run of the same job, with the same payload or another."""
    payload = None
    if asked is not None and "payload" in asked.model_fields_set:
        payload = encode(asked.payload, what="payload", limit=call.limits.max_payload_bytes)
    run = await call.engine.replay_run(
        call.environment_id, id, payload, idempotency_key=idempotency_key_of(request)
    )
    return run_shape(await find_run(call, run.id))


@router.post("/{id}/resume")
async def resume_run(call: Caller, id: str) -> RunShape:
    """Let a run go on that stopped because its code no longer fits its checkpoints."""
    await call.engine.resume_run(call.environment_id, id)
    return run_shape(await find_run(call, id))


def _statuses(text: str | None) -> list[RunStatus]:
    """The statuses asked for, in whatever case; `BadRequest` lists those that there are."""
    every: tuple[RunStatus, ...] = get_args(RunStatus)
    asked = {word.strip().upper() for word in (text or "").split(",") if word.strip()}
    unknown = sorted(asked.difference(every))
    if unknown:
        message = f"{unknown[0][:32]!r} is no status; there are {', '.join(every)}"
        raise BadRequest(f"status: {message}", errors=[{"path": "status", "message": message}])
    return [status for status in every if status in asked]


def _newest_of_all(
    tx: Any, environment_id: str, query: RunQuery, statuses: list[RunStatus], now: Instant
) -> Page[RunView]:
    """A page over several statuses, merged: ids sort by time, so what is cut off comes on the next page.

    `tx` is only passed on: one view for all of them, so that a run that moves on is seen once.
    """
    pages = [inspect.list_runs(tx, environment_id, replace(query, status=status), now) for status in statuses]
    views = sorted((view for page in pages for view in page.data), key=lambda view: view.run.id, reverse=True)
    there_is_more = len(views) > query.limit or any(page.next_cursor for page in pages)
    views = views[: query.limit]
    return Page(views, views[-1].run.id if there_is_more else None)
