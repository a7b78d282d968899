"""Workers: who is there, with what, doing how much."""

from mainspring.engine import inspect
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.parts import Listing, whole_list
from mainspring.server.shapes.workers import WorkerShape, worker_shape

router = room("/api/v1/workers", "workers")


@router.get("")
async def list_workers(call: Caller) -> Listing[WorkerShape]:
    """Workers, those that live first."""
    return whole_list(
        await call.engine.read(inspect.list_workers, call.environment_id, call.now()), worker_shape
    )
