"""What a worker reports, in few words: items of a commit, and the drafts and specs that tests send."""

from typing import Any

from mainspring.clock import SECOND
from mainspring.model.events import EventDraft
from mainspring.model.failures import Failure
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.protocol import (
    EventsSent,
    RunAttemptFailed,
    RunDraft,
    RunParked,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    TaskAttemptFailed,
    TaskStarted,
    TaskSucceeded,
    WaitStarted,
)
from mainspring.model.retry import RetryPolicy
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import TaskKind, TaskLabel
from mainspring.model.waits import WaitSpec

#: A schema that wants a number.
AMOUNT = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


def job(
    job_id: str,
    *events: str,
    filter: dict[str, Any] | None = None,
    source: str | None = None,
    attempts: int = 3,
    **options: Any,
) -> JobSpec:
    """A job that listens for events, or is only called."""
    trigger = TriggerSpec("event", events, filter, source) if events else TriggerSpec("invoke")
    options.setdefault("version", "1.0.0")
    retry = RetryPolicy(max_attempts=attempts)
    return JobSpec(id=job_id, name=job_id.title(), triggers=(trigger,), retry=retry, **options)


def label(key: str, kind: TaskKind = "task") -> TaskLabel:
    return TaskLabel(key, kind, key)


def error(message: str = "it broke", **more: Any) -> Failure:
    return Failure("ValueError", message, **more)


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────────
def started(key: str, attempt: int = 1) -> TaskStarted:
    return TaskStarted(label(key), attempt)


def succeeded(key: str, output: str = '"done"', attempt: int = 1, position: int = 1) -> TaskSucceeded:
    return TaskSucceeded(label(key), attempt, 1_000, output, position)


def failed(
    key: str,
    attempt: int = 1,
    *,
    retry_in: int | None = None,
    frees_slot: bool = False,
    message: str = "it broke",
) -> TaskAttemptFailed:
    """The attempt's end; the task's too without `retry_in` (seconds)."""
    left = None if retry_in is None else retry_in * SECOND
    position = 1 if retry_in is None else None
    return TaskAttemptFailed(label(key), attempt, 1_000, error(message), left, frees_slot, position)


# ── waits ────────────────────────────────────────────────────────────────────────────────────────────
def sleep(key: str, seconds: float) -> WaitStarted:
    return WaitStarted(label(key, "wait"), WaitSpec("time", delay=int(seconds * SECOND)))


def listen(
    key: str,
    name: str,
    correlation_id: str | None = None,
    *,
    timeout: float | None = None,
    filter: str | None = None,
) -> WaitStarted:
    """A wait for an event; `timeout` in seconds, `filter` as JSON."""
    delay = None if timeout is None else int(timeout * SECOND)
    spec = WaitSpec("event", delay, event_name=name, correlation_id=correlation_id, filter=filter)
    return WaitStarted(label(key, "event_wait"), spec)


def await_run(key: str, run_id: str) -> WaitStarted:
    return WaitStarted(label(key, "run_wait"), WaitSpec("run", target_run_id=run_id))


def await_runs(key: str, *run_ids: str, timeout: float | None = None) -> WaitStarted:
    """A wait for all of them; `timeout` in seconds."""
    delay = None if timeout is None else int(timeout * SECOND)
    return WaitStarted(label(key, "run_wait"), WaitSpec("runs", delay, target_run_ids=run_ids))


def parked(*keys: str) -> RunParked:
    return RunParked(keys)


# ── effects ──────────────────────────────────────────────────────────────────────────────────────────
def sent(key: str, *events: EventDraft, position: int = 1) -> EventsSent:
    return EventsSent(label(key, "send_event"), events, position)


def triggered(key: str, *runs: RunDraft, position: int = 1) -> RunsTriggered:
    return RunsTriggered(label(key, "trigger"), runs, position)


def used(key: str, operation: StoreOperation, position: int = 1) -> StoreUsed:
    return StoreUsed(label(key, "store"), operation, position)


def setting(key: str, value: str, expected_version: int | None = None) -> StoreOperation:
    return StoreOperation("set", "environment", "", key, value, expected_version)


# ── endings ──────────────────────────────────────────────────────────────────────────────────────────
def done(output: str = '"result"') -> RunSucceeded:
    return RunSucceeded(output)


def broke(message: str = "it broke", *, retry_in: int | None = None, **more: Any) -> RunAttemptFailed:
    """The body raised; tried again after `retry_in` seconds, or the end."""
    left = None if retry_in is None else retry_in * SECOND
    return RunAttemptFailed(error(message, **more), 2_000, left)
