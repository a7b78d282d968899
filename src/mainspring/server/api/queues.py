"""Queues: listed, shown, paused, resumed, limited; why a run waits; and the limit of the whole environment."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from mainspring.engine import queue_lines, queue_reads
from mainspring.engine.commands import ChangeQueue
from mainspring.engine.queue_changes import no_such_queue
from mainspring.model.queues import MAX_KEY
from mainspring.server.api.queries import Paging, page_size
from mainspring.server.found import find_run
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.parts import Listing, listing, whole_list
from mainspring.server.shapes.queues import (
    EnvironmentLimitBody,
    EnvironmentLimitShape,
    LimitsBody,
    PauseBody,
    QueueShape,
    RunInQueueShape,
    WhyShape,
    queue_shape,
    run_in_queue_shape,
)
from mainspring.server.shapes.runs import reason_shape

router = room("/api/v1", "queues")


class LineFilter(Paging):
    key: str | None = Field(
        None, max_length=MAX_KEY, description="A concurrency key; empty: runs without one."
    )


@router.get("/queues")
async def list_queues(call: Caller) -> Listing[QueueShape]:
    """All queues by name: how deep each is, what runs, and its limits."""
    return whole_list(await call.engine.read(queue_reads.list_queues, call.environment_id), queue_shape)


@router.get("/queues/{name:path}/holders")
async def list_holders(
    call: Caller, name: str, asked: Annotated[Paging, Query()]
) -> Listing[RunInQueueShape]:
    """The runs that have slots of a queue, by id."""
    await get_queue(call, name)
    limit = page_size(asked.limit, call.limits)
    page = await call.engine.read(queue_lines.holders, call.environment_id, name, limit, asked.cursor)
    return listing(page, run_in_queue_shape)


@router.get("/queues/{name:path}/line")
async def list_line(
    call: Caller, name: str, asked: Annotated[LineFilter, Query()]
) -> Listing[RunInQueueShape]:
    """Who is held back, in order: of one concurrency key, or of several keys the first of each, in turn."""
    await get_queue(call, name)
    limit = page_size(asked.limit, call.limits)
    page = await call.engine.read(queue_lines.line, call.environment_id, name, asked.key, limit, asked.cursor)
    return listing(page, run_in_queue_shape)


# A name may hold a slash: behind those that are asked for more of it.
@router.get("/queues/{name:path}")
async def get_queue(call: Caller, name: str) -> QueueShape:
    """One queue, with the concurrency keys that have slots."""
    view = await call.engine.read(queue_reads.get_queue, call.environment_id, name)
    if view is None:
        raise no_such_queue(name)
    return queue_shape(view)


@router.post("/queues/{name:path}/pause")
async def pause_queue(call: Caller, name: str, body: PauseBody | None = None) -> QueueShape:
    """Start nothing of it until it is resumed; runs that are under way go on."""
    by = None if body is None else body.by
    await call.engine.change(ChangeQueue(call.environment_id, name, paused=True, by=by))
    return await get_queue(call, name)


@router.post("/queues/{name:path}/resume")
async def resume_queue(call: Caller, name: str) -> QueueShape:
    """Go on."""
    await call.engine.change(ChangeQueue(call.environment_id, name, paused=False))
    return await get_queue(call, name)


@router.patch("/queues/{name:path}")
async def limit_queue(call: Caller, name: str, body: LimitsBody) -> QueueShape:
    """Set other limits than the code's, at once; a lower one ends nothing that runs. `reset` goes back."""
    change = ChangeQueue(call.environment_id, name, limits=body.changes(), is_reset=body.reset)
    await call.engine.change(change)
    return await get_queue(call, name)


@router.get("/runs/{id}/why")
async def why_run_waits(call: Caller, id: str) -> WhyShape:
    """Why a pending run is not running, or that a breaker holds a waiting one: the one thing that holds it back, who
    has the slots, its place in the line, and what can be done."""
    view = await find_run(call, id)
    reason = await call.engine.read(queue_reads.why, call.environment_id, id, call.now())
    return WhyShape(run_id=id, status=view.run.status, reason=reason_shape(reason))


@router.get("/limit")
async def get_environment_limit(call: Caller) -> EnvironmentLimitShape:
    """How many runs workers may hold at once in this environment, and hold now."""
    limit, running = await call.engine.read(queue_reads.environment_limit, call.environment_id)
    return EnvironmentLimitShape(max_running=limit, running=running)


@router.put("/limit")
async def set_environment_limit(call: Caller, body: EnvironmentLimitBody) -> EnvironmentLimitShape:
    """Set it, or lift it with null; a lower one ends nothing that runs."""
    await call.engine.limit_environment(call.environment_id, body.max_running)
    return await get_environment_limit(call)
