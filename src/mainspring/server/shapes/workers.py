"""Workers as the API shows them."""

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import WorkerView
from mainspring.model.workers import WorkerStatus
from mainspring.server.shapes.parts import At, value_of


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
    )
