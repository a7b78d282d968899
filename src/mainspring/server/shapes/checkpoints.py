"""Runs as a worker would be given them, as the API shows them: with their checkpoints."""

from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import HandoutView
from mainspring.model.runs import RunStatus
from mainspring.model.tasks import Task, TaskKind, TaskStatus
from mainspring.server.shapes.parts import At, Json, at, value_of


class CheckpointShape(BaseModel):
    """What is known of one task."""

    key: str
    kind: TaskKind
    name: str
    status: TaskStatus
    attempt: int
    fingerprint: str = Field(description="Of kind and input; empty where they are not compared.")
    position: int | None = Field(description="As which number its outcome reached the code.")
    output: Json
    failure: dict[str, Any] | None = Field(description="As the worker kept it.")
    started_at: At
    finished_at: At | None
    kept_from: str | None = Field(description="The run in which it ran, where a replay keeps its outcome.")


class CheckpointsShape(BaseModel):
    """A run with all that a replay of it needs."""

    run_id: str
    project: str
    environment: str
    job_id: str
    job_version: str
    pinned_version: str | None
    status: RunStatus
    queue: str
    attempt: int = Field(description="Of the body.")
    max_attempts: int
    is_test: bool
    created_at: At
    started_at: At | None
    deadline_at: At | None
    tags: list[str]
    metadata: dict[str, Any]
    payload: Json
    event: Json
    replay_of: str | None
    schedule_id: str | None
    is_cancelling: bool
    drift: str | None = Field(description="Why it stopped, where the code did not fit it.")
    given_at: list[At] = Field(description="When workers were given it.")
    checkpoints: list[CheckpointShape] = Field(description="In the order in which they reached the code.")


def checkpoints_shape(view: HandoutView) -> CheckpointsShape:
    """A run with its checkpoints."""
    run = view.run
    drift = value_of(view.drift)
    return CheckpointsShape(
        run_id=run.id,
        project=view.project,
        environment=view.environment,
        job_id=run.job_id,
        job_version=run.job_version,
        pinned_version=run.pinned_version,
        status=run.status,
        queue=run.queue,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        is_test=run.is_test,
        created_at=to_iso(run.created_at),
        started_at=at(run.started_at),
        deadline_at=at(run.deadline_at),
        tags=value_of(run.tags),
        metadata=value_of(run.metadata),
        payload=value_of(run.payload),
        event=value_of(view.event),
        replay_of=run.replay_of,
        schedule_id=run.schedule_id,
        is_cancelling=run.cancel_requested_at is not None,
        drift=None if drift is None else str(drift.get("message", "")),
        given_at=[to_iso(instant) for instant in view.given_at],
        checkpoints=[_checkpoint_shape(task) for task in view.tasks],
    )


def _checkpoint_shape(task: Task) -> CheckpointShape:
    return CheckpointShape(
        key=task.key,
        kind=task.kind,
        name=task.name,
        status=task.status,
        attempt=task.attempt,
        fingerprint=task.fingerprint,
        position=task.position,
        output=value_of(task.output),
        failure=value_of(task.failure),
        started_at=to_iso(task.started_at),
        finished_at=at(task.finished_at),
        kept_from=task.kept_from,
    )
