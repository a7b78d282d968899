"""Runs as the API shows them."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import RunPage, RunView, StartView, WaitView
from mainspring.model.pending import PendingReason
from mainspring.model.runs import Run, RunStatus
from mainspring.server.shapes.parts import At, Json, Listing, at, value_of


class FailureShape(BaseModel):
    """What went wrong."""

    type: str = Field(description="Class of the exception.", examples=["ValueError"])
    message: str
    code: str = Field(examples=["task_failed"])
    traceback: str | None
    task: str | None = Field(description="The task whose failure ended the run.")
    path: str | None = Field(description="Where in the payload or output.")


class PendingReasonShape(BaseModel):
    code: str = Field(examples=["no_worker"])
    message: str
    until: At | None
    limit: int | None = Field(description="The limit that holds it back.")
    held_by: list[str] = Field(description="Runs that have the slots it waits for, the first of them.")
    position: int | None = Field(description="Held runs that go before it.")
    predicted_at: At | None = Field(description="When it will start if things go on as they did.")
    action: str | None = Field(description="What can be done about it.")
    version: str | None = Field(description="The version of its job that it waits for.")
    live_versions: list[str] = Field(description="Those that live workers have.")


class WaitShape(BaseModel):
    task: str
    kind: str = Field(examples=["event"])
    event_name: str | None
    id: str | None = Field(description="The correlation id it waits for.")
    target_id: str | None = Field(description="The approval, the token or the run that it waits for.")
    until: At | None
    since: At
    message: str | None = Field(description="What it waits for, where the fields above do not say.")


class StartShape(BaseModel):
    """A worker was given the run."""

    at: At
    attempt: int = Field(description="Of the body.")
    version: str | None = Field(description="Of the job, as the worker has it.")
    is_first: bool


class RunShape(BaseModel):
    id: str
    status: RunStatus
    job_id: str
    job_version: str = Field(description="Of the worker that has it or had it last.")
    pinned_version: str | None = Field(description="Only workers that have this version are given it.")
    payload: Json
    output: Json
    error: FailureShape | None
    error_id: str | None = Field(
        description="The group of failures that it belongs to: `/api/v1/errors/{id}`."
    )
    event_id: str | None
    event_name: str | None
    joined_events: int | None = Field(
        description="How many events joined it, where a trigger makes one run of several."
    )
    parent_run_id: str | None
    parent_task: str | None = Field(description="The task of the parent that started it.")
    replay_of: str | None = Field(description="The run that it replays.")
    replay_from: str | None = Field(description="The task of that run before which everything is kept.")
    schedule_id: str | None = Field(description="The schedule that started it.")
    attempt: int
    max_attempts: int
    tags: list[str]
    metadata: dict[str, Any]
    progress: Json
    is_test: bool
    priority: int
    queue: str
    concurrency_key: str | None
    idempotency_key: str | None
    created_at: At
    available_at: At
    started_at: At | None
    finished_at: At | None
    deadline_at: At | None
    expires_at: At | None = Field(description="It is given up when it has not started by then.")
    worker_id: str | None = Field(description="The worker that has it.")
    crashes: int = Field(description="How many workers in a row died with it.")
    cancel_requested_at: At | None
    cancel_reason: str | None
    cancelled_by: str | None = Field(description="The API key that asked, or the parent that was cancelled.")
    pending_reason: PendingReasonShape | None
    waiting_for: list[WaitShape]
    is_new: bool | None = Field(
        None, description="Of the answer to a start: whether it made the run, or found it; null elsewhere."
    )


class RunListing(Listing[RunShape]):
    """One page of the list of runs."""

    looked_back_to: At | None = Field(
        None,
        description="Runs made since then were looked at; null: all there are, `next_cursor` is null too.",
    )
    encrypted: int = Field(
        0,
        description="Runs that a `payload.` filter passed over since theirs is encrypted: no server reads it.",
    )


class RunCountShape(BaseModel):
    count: int
    is_exact: bool = Field(
        description="False: no more than 10,000 runs were looked at, and there are others."
    )


def run_listing(page: RunPage[RunView], *, without: str = "") -> RunListing:
    """A page of runs, and how far it was looked for them. `without`: as of `run_facts`."""
    return RunListing(
        data=[RunShape(**run_facts(view, without=without)) for view in page.data],
        next_cursor=page.next_cursor,
        looked_back_to=at(page.looked_to),
        encrypted=page.sealed,
    )


def failure_shape(text: str | None) -> FailureShape | None:
    """A kept `Failure` (JSON text)."""
    facts = _failure_facts(text)
    return None if facts is None else FailureShape(**facts)


def start_shape(start: StartView) -> StartShape:
    """When a worker was given a run."""
    return StartShape(
        at=to_iso(start.at), attempt=start.attempt, version=start.version, is_first=start.is_first
    )


def wait_shape(wait: WaitView) -> WaitShape:
    """One thing a run waits for."""
    return WaitShape(**_wait_facts(wait))


def run_shape(view: RunView) -> RunShape:
    """A run with why it is pending and what it waits for."""
    return RunShape(**run_facts(view))


def run_facts(view: RunView, *, without: str = "") -> dict[str, Any]:
    """The contents of a `RunShape` as plain JSON values: what every run's sender is answered, without a model
    made for it. `without`: names of large fields that are left null."""
    run = view.run
    return {
        "id": run.id,
        "status": run.status,
        "job_id": run.job_id,
        "job_version": run.job_version,
        "pinned_version": run.pinned_version,
        "payload": None if "payload" in without else value_of(run.payload),
        "output": None if "output" in without else value_of(run.output),
        "error": _failure_facts(run.failure),
        "error_id": view.error_id,
        "event_id": run.event_id,
        "event_name": view.event_name,
        "joined_events": view.joined_events,
        "parent_run_id": run.parent_run_id,
        "parent_task": run.parent_task_key,
        "replay_of": run.replay_of,
        "replay_from": run.replay_from,
        "schedule_id": run.schedule_id,
        "attempt": run.attempt,
        "max_attempts": run.max_attempts,
        "tags": value_of(run.tags),
        "metadata": value_of(run.metadata),
        "progress": value_of(run.progress),
        "is_test": run.is_test,
        "priority": run.priority,
        "queue": run.queue,
        "concurrency_key": run.concurrency_key,
        "idempotency_key": run.idempotency_key,
        "created_at": to_iso(run.created_at),
        "available_at": to_iso(run.available_at),
        "started_at": at(run.started_at),
        "finished_at": at(run.finished_at),
        "deadline_at": at(run.deadline_at),
        "expires_at": at(run.expires_at),
        "worker_id": run.worker_id,
        "crashes": run.crashes,
        "cancel_requested_at": at(run.cancel_requested_at),
        "cancel_reason": run.cancel_reason,
        "cancelled_by": run.cancelled_by,
        "pending_reason": _pending_facts(view.pending_reason),
        "waiting_for": [_wait_facts(wait) for wait in view.waiting_for],
        "is_new": view.is_new,
    }


class RunFacts(Mapping[str, Any]):
    """The same for callers in this process, most of whom ask for little: made when it is asked for."""

    __slots__ = ("_made", "_view")

    def __init__(self, view: RunView) -> None:
        self._view: RunView | None = view
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        made = self._made
        if name not in made:
            alone = _ALONE.get(name)
            if alone is None or self._view is None:
                return self._all()[name]
            made[name] = alone(self._view.run)
        return made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Any]:
        if self._view is not None:
            self._made, self._view = {**run_facts(self._view), **self._made}, None
        return self._made


#: What senders do ask for.
_ALONE: dict[str, Callable[[Run], Any]] = {
    "id": attrgetter("id"),
    "job_id": attrgetter("job_id"),
    "status": attrgetter("status"),
    "output": lambda run: value_of(run.output),
}


def _failure_facts(text: str | None) -> dict[str, Any] | None:
    kept = value_of(text)
    if kept is None:
        return None
    return {
        "type": kept["type"],
        "message": kept["message"],
        "code": kept.get("code", "error"),
        "traceback": kept.get("traceback"),
        "task": kept.get("task_key"),
        "path": kept.get("path"),
    }


def _wait_facts(wait: WaitView) -> dict[str, Any]:
    return {
        "task": wait.task_key,
        "kind": wait.kind,
        "event_name": wait.event_name,
        "id": wait.correlation_id,
        "target_id": wait.target_id,
        "until": at(wait.due_at),
        "since": to_iso(wait.created_at),
        "message": wait.message,
    }


def reason_shape(reason: PendingReason | None) -> PendingReasonShape | None:
    """Why a run is pending."""
    facts = _pending_facts(reason)
    return None if facts is None else PendingReasonShape(**facts)


def _pending_facts(reason: PendingReason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {
        "code": reason.code,
        "message": reason.message,
        "until": at(reason.until),
        "limit": reason.limit,
        "held_by": list(reason.held_by),
        "position": reason.position,
        "predicted_at": at(reason.predicted_at),
        "action": reason.action,
        "version": reason.version,
        "live_versions": list(reason.live_versions),
    }
