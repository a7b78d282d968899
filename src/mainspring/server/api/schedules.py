"""Schedules: listed, shown, registered, paused, resumed, run by hand, backfilled."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mainspring.duration import parse_duration
from mainspring.engine import inspect
from mainspring.engine.scheduling import no_such_schedule
from mainspring.engine.views import ScheduleQuery
from mainspring.model.schedules import ScheduleDraft, registered_id
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.call import Call
from mainspring.server.found import find_run
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import validated
from mainspring.server.shapes.parts import Listing, listing, whole_list
from mainspring.server.shapes.runs import RunShape, run_shape
from mainspring.server.shapes.schedules import (
    BackfillBody,
    BackfilledShape,
    PreviewShape,
    ScheduleBody,
    ScheduleShape,
    Unregistered,
    backfilled_shape,
    preview_shape,
    schedule_draft,
    schedule_shape,
)

router = room("/api/v1/schedules", "schedules")


class ScheduleFilter(Paging):
    job: str | None = Field(None, max_length=128)
    dynamic_schedule: str | None = Field(None, max_length=128)
    external_id: str | None = Field(None, max_length=256)


@router.get("")
async def list_schedules(call: Caller, asked: Annotated[ScheduleFilter, Query()]) -> Listing[ScheduleShape]:
    """Schedules of jobs and those registered at run time, by id."""
    query = ScheduleQuery(
        job_id=asked.job,
        dynamic_id=asked.dynamic_schedule,
        external_id=asked.external_id,
        limit=page_size(asked.limit, call.limits),
        cursor=asked.cursor,
    )
    return listing(await call.engine.read(inspect.list_schedules, call.environment_id, query), schedule_shape)


@router.post("")
async def register_schedule(call: Caller, body: ScheduleBody) -> ScheduleShape:
    """Register a schedule at run time, or change the one with this key."""
    await call.engine.schedules.register(call.environment_id, schedule_draft(body, call.limits))
    return await get_schedule(call, registered_id(body.dynamic_schedule, body.key))


@router.delete("/{id}")
async def unregister_schedule(call: Caller, id: str) -> Unregistered:
    """Remove a schedule that was registered at run time; its runs stay as they are."""
    return Unregistered(id=id, deleted=await call.engine.schedules.unregister(call.environment_id, id))


class PreviewAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cron: str | None = Field(None, max_length=256, examples=["0 9 * * MON-FRI"])
    every: str | None = Field(None, max_length=64, examples=["15 minutes"])
    timezone: str | None = Field(None, max_length=64, description="Of the cron expression; UTC.")


@router.get("/preview")
async def preview_schedule(call: Caller, asked: Annotated[PreviewAsked, Query()]) -> PreviewShape:
    """The times of a schedule in words, with its next five slots; registers nothing."""
    every = None if asked.every is None else parse_duration(asked.every)
    draft = ScheduleDraft("preview", "preview", asked.cron, asked.timezone, every)
    return preview_shape(draft, call.now())


@router.get("/{id}")
async def get_schedule(call: Caller, id: str) -> ScheduleShape:
    """One schedule with its next slots."""
    view = await call.engine.read(inspect.get_schedule, call.environment_id, id)
    if view is None:
        raise no_such_schedule(id)
    return schedule_shape(view)


@router.post("/{id}/pause")
async def pause_schedule(call: Caller, id: str) -> ScheduleShape:
    """Let its slots start nothing; runs that are under way go on."""
    return await _pause(call, id, True)


@router.post("/{id}/resume")
async def resume_schedule(call: Caller, id: str) -> ScheduleShape:
    """Go on with the next slot from now; those that came meanwhile are not made up for."""
    return await _pause(call, id, False)


async def _pause(call: Call, schedule_id: str, paused: bool) -> ScheduleShape:
    await call.engine.schedules.pause(call.environment_id, schedule_id, paused)
    return await get_schedule(call, schedule_id)


@router.post("/{id}/run")
async def run_schedule(call: Caller, request: Request, id: str) -> RunShape:
    """Start a run now, with a tick of this moment; its slots stay as they are."""
    key = idempotency_key_of(request)
    run = await call.engine.schedules.run(call.environment_id, id, idempotency_key=key)
    return run_shape(await find_run(call, run.id))


@router.post("/{id}/backfill")
async def backfill_schedule(call: Caller, id: str, body: BackfillBody) -> Listing[BackfilledShape]:
    """Start a run for every slot of a past range that has none, all or none of them."""
    since, until = validated(body.since) or 0, validated(body.until) or 0
    done = await call.engine.schedules.backfill(call.environment_id, id, since, until)
    return whole_list(done, backfilled_shape)
