"""Workers: who is there, with what, doing how much; drained."""

from mainspring.engine import inspect
from mainspring.engine.worker_commands import DrainWorker
from mainspring.engine.worker_reads import get_worker
from mainspring.errors import NotFound
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.parts import Listing, whole_list
from mainspring.server.shapes.workers import DrainBody, WorkerShape, worker_shape

router = room("/api/v1/workers", "workers")


@router.get("")
async def list_workers(call: Caller) -> Listing[WorkerShape]:
    """Workers, the newest first; those that went stay for a while."""
    return whole_list(
        await call.engine.read(inspect.list_workers, call.environment_id, call.now()), worker_shape
    )


@router.get("/{id}")
async def get_one_worker(call: Caller, id: str) -> WorkerShape:
    """One worker."""
    view = await call.engine.read(get_worker, call.environment_id, id, call.now())
    if view is None:
        raise NotFound(
            f"there is no worker {id[:64]!r} in this environment", mend="`mainspring workers` lists them."
        )
    return worker_shape(view)


@router.post("/{id}/drain")
async def drain_worker(call: Caller, id: str, body: DrainBody | None = None) -> WorkerShape:
    """It is given nothing more at once, ends what it holds, and leaves. 409 when it has gone."""
    by = None if body is None else body.by
    await call.engine.change(DrainWorker(call.environment_id, id, by))
    return await get_one_worker(call, id)
