"""What a world that hangs has to say: runs that have not ended, requests without an answer, stacks."""

import asyncio
from collections.abc import Iterator
from typing import Any

from mainspring.clock import to_iso
from mainspring.engine import account, inspect
from mainspring.engine.views import RunQuery

_MOST_RUNS = 10
_MOST_STACKS = 12


def outstanding(world: Any) -> str:
    """For the message of a failed scenario."""
    lines = [
        f"at {to_iso(world.clock.now())} in {world.label}",
        *_motion(world),
        *_runs(world),
        *_stacks(world),
    ]
    return "\n".join(lines)


def _motion(world: Any) -> Iterator[str]:
    next_at = world.next_at()
    yield f"moving: {world.stillness.motion() or 'nothing'}"
    yield f"next due: {'nothing' if next_at is None else to_iso(next_at)}"
    for backend in world.backends():
        for verb, message in backend.wire.open():
            yield f"unanswered: {verb} {message!r:.300}"
    for verb, path in world.door.wire.open():
        yield f"unanswered: {verb} {path}"


def _runs(world: Any) -> Iterator[str]:
    server = world.server
    with server.disk.read() as tx:
        page = inspect.list_runs(tx, server.environment_id, RunQuery(limit=500), world.clock.now())
        unfinished = [view for view in page.data if view.run.finished_at is None]
        yield f"runs: {len(page.data)}, not ended: {len(unfinished)}"
        for view in unfinished[:_MOST_RUNS]:
            run = view.run
            yield f"  {run.id} of {run.job_id}: {run.status}, attempt {run.attempt}, lease {run.lease}"
            if view.pending_reason is not None:
                yield f"    pending: {view.pending_reason.message}"
            for task in account.run_tasks(tx, server.environment_id, run.id) or ():
                yield f"    task {task.task.key}: {task.task.status}, attempt {task.task.attempt}"
            for wait in view.waiting_for:
                yield f"    waits: {wait.task_key} ({wait.kind})"
            entries = account.run_history(tx, server.environment_id, run.id, 0, 500) or ()
            yield f"    history: {' '.join(entry.kind for entry in entries[-20:])}"


def _stacks(world: Any) -> Iterator[str]:
    """Where each asyncio task of a worker stands, the innermost frame last."""
    strands = [one for one in asyncio.all_tasks() if world.is_workers(one)]
    for one in strands[:_MOST_STACKS]:
        coro: Any = one.get_coro()
        yield f"{one.get_name()} waits for {getattr(one, '_fut_waiter', None)!r:.160}"
        while coro is not None:
            coro = getattr(coro, "coro", coro)  # the worker's own wrapping
            frame = getattr(coro, "cr_frame", None)
            if frame is not None:
                yield f"  {frame.f_code.co_qualname} {frame.f_code.co_filename}:{frame.f_lineno}"
            coro = getattr(coro, "cr_await", None)
