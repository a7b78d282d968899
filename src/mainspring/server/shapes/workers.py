"""Workers as the API shows them, and what an operator may say of one."""

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import WorkerView
from mainspring.engine.worker_reads import in_words
from mainspring.model.workers import Worker, WorkerStatus
from mainspring.server.shapes.bodies import Body
from mainspring.server.shapes.parts import At, at, value_of


class DrainShape(BaseModel):
    """Somebody said that it is to take nothing more."""

    asked_at: At
    by: str | None
    is_heard: bool = Field(
        description="The worker says so itself; one that never does is of an older version: it goes on when it holds "
        "nothing, and has to be ended by hand."
    )


class WorkerShape(BaseModel):
    id: str
    name: str
    app: str
    code_version: str
    hostname: str
    pid: int
    slots: int
    running: int = Field(description="Runs it holds.")
    status: WorkerStatus
    jobs: list[str]
    versions: dict[str, str] = Field(description="The version it has of each job.")
    leaves: list[str] = Field(
        description="Jobs of which it only takes runs bound to its version; `*`: it takes no others at all."
    )
    queues: list[str] = Field(description="The queues that it takes from; none: all.")
    registered_at: At
    heartbeat_at: At
    blocked_stack: str | None = Field(description="Where its event loop hangs, when it does.")
    drain: DrainShape | None
    ended_at: At | None
    ended_reason: str | None = Field(
        description="Why it is gone: `left`, `exited` (its process ended), `heartbeats_missed`, `deafened`, "
        "`superseded`.",
        examples=["left"],
    )
    message: str = Field(description="How it is, in words.")


def worker_shape(view: WorkerView) -> WorkerShape:
    """A worker with what it holds."""
    worker = view.worker
    return WorkerShape(
        id=worker.id,
        name=worker.name,
        app=worker.app,
        code_version=worker.code_version,
        hostname=worker.hostname,
        pid=worker.pid,
        slots=worker.slots,
        running=view.running,
        status=worker.status,
        jobs=value_of(worker.job_ids),
        versions=value_of(worker.versions),
        leaves=value_of(worker.superseded),
        queues=value_of(worker.queues),
        registered_at=to_iso(worker.registered_at),
        heartbeat_at=to_iso(worker.heartbeat_at),
        blocked_stack=worker.blocked_stack,
        drain=_drain_shape(worker),
        ended_at=at(worker.ended_at),
        ended_reason=worker.ended_reason,
        message=in_words(view),
    )


def _drain_shape(worker: Worker) -> DrainShape | None:
    if worker.drain_at is None:
        return None
    return DrainShape(asked_at=to_iso(worker.drain_at), by=worker.drain_by, is_heard=worker.is_leaving)


class DrainBody(Body):
    by: str | None = Field(None, max_length=128, description="Shown to whoever looks at the worker.")
