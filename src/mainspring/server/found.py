"""What was asked for by its id: found in the caller's environment, or `NotFound`."""

from typing import TypeVar

from mainspring.engine import inspect
from mainspring.engine.views import EventView, RunView
from mainspring.errors import NotFound
from mainspring.server.call import Desk

T = TypeVar("T")


async def find_run(call: Desk, run_id: str) -> RunView:
    """The run; `NotFound` when this environment has none of that id."""
    return await call.engine.find_run(call.environment_id, run_id)


def known(found: T | None, run_id: str) -> T:
    """What was read about a run; `NotFound` when that is None."""
    if found is None:
        raise NotFound(f"there is no run {run_id[:64]!r} in this environment")
    return found


async def find_event(call: Desk, event_id: str) -> EventView:
    """The event, by our id or by the sender's; `NotFound` when this environment has none of that id."""
    view = await call.engine.read(inspect.get_event, call.environment_id, event_id)
    if view is None:
        raise NotFound(f"there is no event {event_id[:64]!r} in this environment")
    return view
