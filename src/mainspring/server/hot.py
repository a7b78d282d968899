"""The routes that carry the load, as plain Starlette routes: sending events and triggering runs.

FastAPI costs half the throughput of a bare route; `openapi.py` documents these from the same table.
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mainspring.engine.commands import EventSent
from mainspring.engine.views import RunView
from mainspring.errors import MainspringError
from mainspring.model.pending import pending_reason
from mainspring.model.runs import Run, RunDraft
from mainspring.server.answers import json_response, sent_response
from mainspring.server.bodies import idempotency_key_of, read_model
from mainspring.server.call import Desk, call_of
from mainspring.server.drafts import event_drafts, run_drafts
from mainspring.server.found import find_run
from mainspring.server.problems import problem_of
from mainspring.server.routes import PlainRoute
from mainspring.server.shapes.batches import StartsBody, StartShape
from mainspring.server.shapes.bodies import EventBody, EventsBody, TriggerBody, event_draft, run_draft
from mainspring.server.shapes.events import EventShape, sent_shape
from mainspring.server.shapes.parts import Listing
from mainspring.server.shapes.runs import RunShape, run_facts


# ── the verbs, whoever asks ──────────────────────────────────────────────────────────────────────────
async def take_event(desk: Desk, body: EventBody, key: str | None) -> EventSent:
    """One event; `key` is its idempotency key unless the body has one."""
    draft = event_draft(body, desk.engine.ids.new("evt"), desk.limits, idempotency_key=key)
    (sent,) = await desk.engine.send_events(desk.environment_id, (draft,))
    return sent


async def take_events(desk: Desk, body: EventsBody, key: str | None) -> Listing[EventShape]:
    """Several events, all or nothing."""
    drafts = event_drafts(desk, body.events, key)
    sent = await desk.engine.send_events(desk.environment_id, drafts)
    return Listing[EventShape](data=[sent_shape(one) for one in sent])


async def start_run(desk: Desk, job_id: str, body: TriggerBody, key: str | None) -> dict[str, Any]:
    """A run of the job, as in a `RunShape`; the one that an earlier call with the same key started, if any."""
    draft = run_draft(body, desk.engine.ids.new("run"), job_id, desk.limits, idempotency_key=key)
    (run,) = await desk.engine.trigger_runs(desk.environment_id, (draft,))
    return await _started_facts(desk, draft, run)


async def start_runs(
    desk: Desk, body: StartsBody, key: str | None, refused: Callable[[MainspringError], dict[str, Any]]
) -> dict[str, Any]:
    """Runs of any jobs, each started or `refused` by itself; as in a list of `StartShape`."""
    drafts = run_drafts(desk, body.runs, key)
    started = await desk.engine.trigger_each(desk.environment_id, drafts)
    data = []
    for draft, answer in zip(drafts, started, strict=True):
        if isinstance(answer, MainspringError):
            data.append({"run": None, "problem": refused(answer)})
        else:
            data.append({"run": await _started_facts(desk, draft, answer), "problem": None})
    return {"data": data, "next_cursor": None}


async def _started_facts(desk: Desk, draft: RunDraft, run: Run) -> dict[str, Any]:
    if run.id != draft.run_id:  # of an earlier call with this key, or a singleton: it may be anywhere by now
        return {**run_facts(await find_run(desk, run.id)), "is_new": False}
    # Just made, so only a delay can hold it back yet; who serves its job is not worth a look at each call.
    reason = None if run.is_ready else pending_reason(run, desk.now(), (run.job_id,))
    return run_facts(RunView(run, reason, is_new=True))


# ── the routes ───────────────────────────────────────────────────────────────────────────────────────
async def send_event(request: Request) -> Response:
    """POST /api/v1/events"""
    call = await call_of(request)
    key = idempotency_key_of(request)
    return sent_response(request, await take_event(call, await read_model(request, EventBody), key))


async def send_events(request: Request) -> Response:
    """POST /api/v1/events/batch: all or nothing."""
    call = await call_of(request)
    key = idempotency_key_of(request)
    return json_response(await take_events(call, await read_model(request, EventsBody), key))


async def trigger_job(request: Request) -> Response:
    """POST /api/v1/jobs/{id}/trigger"""
    call = await call_of(request)
    key = idempotency_key_of(request)
    body = await read_model(request, TriggerBody)
    return json_response(await start_run(call, request.path_params["id"], body, key))


async def trigger_jobs(request: Request) -> Response:
    """POST /api/v1/runs: each by itself."""
    call = await call_of(request)
    key = idempotency_key_of(request)
    body = await read_model(request, StartsBody)
    return json_response(await start_runs(call, body, key, lambda error: problem_of(error, request)))


HOT_ROUTES = (
    PlainRoute("/api/v1/events", send_event, EventBody, EventShape, "Send an event", "events"),
    PlainRoute(
        "/api/v1/events/batch", send_events, EventsBody, Listing[EventShape], "Send several events", "events"
    ),
    PlainRoute("/api/v1/jobs/{id}/trigger", trigger_job, TriggerBody, RunShape, "Start a run", "jobs"),
    PlainRoute(
        "/api/v1/runs", trigger_jobs, StartsBody, Listing[StartShape], "Start runs, each by itself", "runs"
    ),
)
