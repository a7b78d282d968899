"""Runs: listed, shown and waited for, cancelled, replayed, resumed."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mainspring.clock import SECOND
from mainspring.codec import encode
from mainspring.engine import inspect
from mainspring.engine.account import run_starts
from mainspring.engine.commands import RepinRun, RescheduleRun, SettleTask
from mainspring.server.answers import json_response
from mainspring.server.api.queries import DEFAULT_PAGE, page_size, place_of
from mainspring.server.api.run_filters import RunCriteria, run_query
from mainspring.server.bodies import idempotency_key_of, read_query
from mainspring.server.call import call_of
from mainspring.server.found import find_run
from mainspring.server.longpoll import hold
from mainspring.server.rooms import Caller, room
from mainspring.server.routes import PlainRoute
from mainspring.server.shapes.bodies import (
    CancelBody,
    RepinBody,
    ReplayBody,
    RescheduleBody,
    SettleBody,
    validated,
)
from mainspring.server.shapes.parts import Listing, whole_list
from mainspring.server.shapes.runs import (
    RunListing,
    RunShape,
    StartShape,
    run_facts,
    run_listing,
    run_shape,
    start_shape,
)

router = room("/api/v1/runs", "runs")

#: Proxies cut connections that are silent for longer.
LONGEST_WAIT = 60.0


#: A list of what a caller does without.
_WITHOUT = Field(
    None,
    pattern=r"^(payload|output)(,(payload|output))?$",
    description="`payload`, `output` or both with a comma: they are null then. For lists of runs with large ones.",
)


class RunFilter(RunCriteria):
    without: str | None = _WITHOUT
    limit: int = Field(DEFAULT_PAGE, ge=1, description="Rows on a page.")
    cursor: str | None = Field(None, max_length=1_024, description="`next_cursor` of the page before.")


class RunWait(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wait: float = Field(0, ge=0, description=f"Seconds to wait for its end, at most {LONGEST_WAIT:g}.")
    without: str | None = _WITHOUT


class RunsWait(RunWait):
    ids: str = Field(min_length=1, description="With commas; as many as a page may have rows.")


@router.get("")
async def list_runs(call: Caller, asked: Annotated[RunFilter, Query()]) -> RunListing:
    """Runs, newest first. A page may hold fewer than `limit` though `next_cursor` says that there is more: then it
    was looked back to `looked_back_to`, and the cursor goes on from there."""
    now = call.now()
    query = run_query(
        asked,
        now,
        limit=page_size(asked.limit, call.limits),
        cursor=place_of(asked.cursor, r"\d{1,18}\.[\w-]{1,64}"),
    )
    page = await call.engine.read(inspect.list_runs, call.environment_id, query, now)
    return run_listing(page, without=asked.without or "")


async def get_run(request: Request) -> Response:
    """GET /api/v1/runs/{id}; with `wait`, when it has ended or the time is up."""
    call = await call_of(request)
    run_id: str = request.path_params["id"]
    asked = read_query(request, RunWait)
    span = _span(asked)
    view = None
    if span:
        waiting = call.engine.wait_run(call.environment_id, run_id, span)
        view = await hold(request, waiting, call.services.draining)
    return json_response(run_facts(view or await find_run(call, run_id), without=asked.without or ""))


async def get_ended_runs(request: Request) -> Response:
    """GET /api/v1/runs/ended: answers when one of them has ended, or with all as they are when the time is up."""
    call = await call_of(request)
    asked = read_query(request, RunsWait)
    run_ids = asked.ids.split(",")
    page_size(len(run_ids), call.limits, name="ids")
    waiting = call.engine.wait_runs(call.environment_id, run_ids, _span(asked))
    views = await hold(request, waiting, call.services.draining)
    if views is None:
        views = await call.engine.wait_runs(call.environment_id, run_ids, 0)
    without = asked.without or ""
    return json_response({"data": [run_facts(view, without=without) for view in views], "next_cursor": None})


def _span(asked: RunWait) -> int:
    return round(min(asked.wait, LONGEST_WAIT) * SECOND)


@router.post("/{id}/cancel")
async def cancel_run(call: Caller, id: str, asked: CancelBody | None = None) -> RunShape:
    """End it, or ask it to stop when it runs."""
    reason = None if asked is None else asked.reason
    await call.engine.cancel_run(call.environment_id, id, reason=reason, by=call.holder.key_id)
    return run_shape(await find_run(call, id))


@router.post("/{id}/reschedule")
async def reschedule_run(call: Caller, id: str, asked: RescheduleBody) -> RunShape:
    """Put a delayed run off, or bring it forward."""
    command = RescheduleRun(call.environment_id, id, validated(asked.at), validated(asked.delay))
    await call.engine.move_run(command)
    return run_shape(await find_run(call, id))


@router.post("/{id}/replay")
async def replay_run(call: Caller, request: Request, id: str, asked: ReplayBody | None = None) -> RunShape:
    """Start a fresh run of the same job, with the same payload or another; all of it, or from a task on."""
    asked = asked or ReplayBody.model_validate({})
    payload = None
    if "payload" in asked.model_fields_set:
        payload = encode(asked.payload, what="payload", limit=call.limits.max_payload_bytes)
    run = await call.engine.replay_run(
        call.environment_id,
        id,
        payload,
        from_task=asked.from_task,
        idempotency_key=idempotency_key_of(request),
    )
    return run_shape(await find_run(call, run.id))


@router.post("/{id}/repin")
async def repin_run(call: Caller, id: str, asked: RepinBody) -> RunShape:
    """Let another version of its job go on with it, or with null whichever takes it."""
    await call.engine.move_run(RepinRun(call.environment_id, id, asked.version))
    return run_shape(await find_run(call, id))


@router.get("/{id}/starts")
async def list_starts(call: Caller, id: str) -> Listing[StartShape]:
    """When workers were given the run, and which version of the job each had; the oldest first."""
    await find_run(call, id)
    return whole_list(await call.engine.read(run_starts, call.environment_id, id), start_shape)


@router.post("/{id}/resume")
async def resume_run(call: Caller, id: str) -> RunShape:
    """Let a run go on that stopped because its code no longer fits its checkpoints."""
    await call.engine.resume_run(call.environment_id, id)
    return run_shape(await find_run(call, id))


@router.post("/{id}/tasks/{key:path}/settle")
async def settle_task(call: Caller, id: str, key: str, body: SettleBody) -> RunShape:
    """Say what became of a task in doubt: its run goes on."""
    limit = call.limits.max_payload_bytes
    is_done = body.verdict == "done"
    output = encode(body.output, what="output", limit=limit) if is_done else None
    command = SettleTask(call.environment_id, id, key, body.verdict, output, body.message)
    await call.engine.settle_task(command)
    return run_shape(await find_run(call, id))


#: What senders wait for: by the thousand.
RUN_ROUTES = (
    PlainRoute(
        "/api/v1/runs/ended",
        get_ended_runs,
        None,
        Listing[RunShape],
        "Wait for the first of several runs",
        "runs",
        method="GET",
        query=RunsWait,
    ),
    PlainRoute(
        "/api/v1/runs/{id}",
        get_run,
        None,
        RunShape,
        "One run, now or when it has ended",
        "runs",
        method="GET",
        query=RunWait,
    ),
)
