"""One worker, and how it is, as people read it."""

from mainspring.clock import Instant
from mainspring.engine.inspect import list_workers
from mainspring.engine.views import WorkerView
from mainspring.storage.database import Transaction

_ENDS = {
    "left": "it left",
    "exited": "its process ended",
    "heartbeats_missed": "lost: it was not heard of any more",
    "deafened": "lost: it beat, but took nothing and reported nothing",
    "superseded": "its supervisor was started again without it",
}


def get_worker(tx: Transaction, environment_id: str, worker_id: str, now: Instant) -> WorkerView | None:
    """None too for one that went long ago. There are never many."""
    found = list_workers(tx, environment_id, now)
    return next((view for view in found if view.worker.id == worker_id), None)


def in_words(view: WorkerView) -> str:
    """In one sentence without its end."""
    worker = view.worker
    if worker.status == "GONE":
        return _ENDS.get(worker.ended_reason or "", "gone")
    held = f"{view.running} run{'' if view.running == 1 else 's'}"
    if worker.blocked_stack:
        return f"its event loop is blocked while it holds {held}"
    if worker.status == "DRAINING":
        if worker.drain_at is not None and not worker.is_leaving:
            return f"told to take nothing more, and has not heard it yet; it holds {held}"
        return (
            f"takes nothing more, and leaves after {held}" if view.running else "takes nothing more, leaves"
        )
    return f"holds {held} of at most {worker.slots}" if view.running else "idle"
