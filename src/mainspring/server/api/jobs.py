"""Jobs: listed, shown, switched on and off. (`hot.py` triggers them.)"""

from mainspring.engine import inspect
from mainspring.errors import NotFound
from mainspring.server.call import Call
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import ResetKeyBody
from mainspring.server.shapes.jobs import JobShape, KeyReset, job_shape
from mainspring.server.shapes.parts import Listing, whole_list

router = room("/api/v1/jobs", "jobs")


@router.get("")
async def list_jobs(call: Caller) -> Listing[JobShape]:
    """All jobs that workers have registered, by id."""
    return whole_list(await call.engine.read(inspect.list_jobs, call.environment_id), job_shape)


@router.get("/{id}")
async def get_job(call: Caller, id: str) -> JobShape:
    """One job."""
    view = await call.engine.read(inspect.get_job, call.environment_id, id)
    if view is None:
        raise NotFound(f"there is no job {id[:64]!r} in this environment: `mainspring jobs` lists them")
    return job_shape(view)


@router.post("/{id}/enable")
async def enable_job(call: Caller, id: str) -> JobShape:
    """Let events start runs of it again."""
    return await _switch(call, id, True)


@router.post("/{id}/disable")
async def disable_job(call: Caller, id: str) -> JobShape:
    """Let nothing start runs of it; runs that are under way go on."""
    return await _switch(call, id, False)


@router.post("/{id}/keys/reset")
async def reset_key(call: Caller, id: str, asked: ResetKeyBody) -> KeyReset:
    """Let an idempotency key start a fresh run of the job again."""
    return KeyReset(reset=await call.engine.reset_key(call.environment_id, id, asked.key))


async def _switch(call: Call, job_id: str, enabled: bool) -> JobShape:
    await call.engine.enable_job(call.environment_id, job_id, enabled)
    return await get_job(call, job_id)
