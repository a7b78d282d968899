"""Schedules: listed, shown, paused, resumed, run by hand."""

from fastapi import Request

from mainspring.engine import inspect
from mainspring.engine.schedules import no_such_schedule
from mainspring.server.bodies import idempotency_key_of
from mainspring.server.call import Call, Caller
from mainspring.server.found import find_run
from mainspring.server.routes import room
from mainspring.server.shapes.parts import Listing, whole_list
from mainspring.server.shapes.runs import RunShape, run_shape
from mainspring.server.shapes.schedules import ScheduleShape, schedule_shape

router = room("/api/v1/schedules", "schedules")


@router.get("")
async def list_schedules(call: Caller) -> Listing[ScheduleShape]:
    """All schedules of registered jobs, by id."""
    views = await call.engine.read(inspect.list_schedules, call.environment_id)
    return whole_list(views, schedule_shape)


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
    await call.engine.pause_schedule(call.environment_id, schedule_id, paused)
    return await get_schedule(call, schedule_id)


@router.post("/{id}/run")
async def run_schedule(call: Caller, request: Request, id: str) -> RunShape:
    """Start a run now, with a tick of this moment; its slots stay as they are."""
    key = idempotency_key_of(request)
    run = await call.engine.run_schedule(call.environment_id, id, idempotency_key=key)
    return run_shape(await find_run(call, run.id))
