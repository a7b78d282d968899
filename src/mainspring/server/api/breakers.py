"""Circuit breakers: listed, shown, reset, opened by hand."""

from dataclasses import replace

from mainspring.engine import breaker_reads
from mainspring.engine.breakers import no_such_breaker
from mainspring.engine.commands import ChangeBreaker
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.bodies import validated
from mainspring.server.shapes.breakers import BreakerShape, OpenBody, breaker_shape
from mainspring.server.shapes.parts import Listing, whole_list

router = room("/api/v1", "breakers")


@router.get("/breakers")
async def list_breakers(call: Caller) -> Listing[BreakerShape]:
    """All circuit breakers that a task has used, by name: how each stands, and how many tasks it holds."""
    return whole_list(await call.engine.read(breaker_reads.list_breakers, call.environment_id), breaker_shape)


@router.get("/breakers/{name}")
async def get_breaker(call: Caller, name: str) -> BreakerShape:
    """One breaker."""
    view = await call.engine.read(breaker_reads.get_breaker, call.environment_id, name)
    if view is None:
        raise no_such_breaker(name)
    return breaker_shape(view)


@router.post("/breakers/{name}/reset")
async def reset_breaker(call: Caller, name: str) -> BreakerShape:
    """Close it: all that it holds go on."""
    await call.engine.change(ChangeBreaker(call.environment_id, name, is_open=False))
    return await get_breaker(call, name)


@router.post("/breakers/{name}/open")
async def open_breaker(call: Caller, name: str, body: OpenBody | None = None) -> BreakerShape:
    """Open it by hand: no further attempt begins until it is probed, or reset. Those that have begun go on."""
    change = ChangeBreaker(call.environment_id, name, is_open=True)
    if body is not None:
        change = replace(change, span=validated(body.timeout), by=body.by)
    await call.engine.change(change)
    return await get_breaker(call, name)
