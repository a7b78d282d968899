"""Jobs as the API shows them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from mainspring.clock import SECOND, to_iso
from mainspring.duration import format_duration
from mainspring.engine.views import JobView, VersionView
from mainspring.model.jobs import CatchUp, Overlap, StartLimit, TriggerKind, TriggerSpec
from mainspring.model.joining import EventBatch, EventDebounce
from mainspring.model.retry import RetryPolicy
from mainspring.model.runs import RunStatus
from mainspring.model.timetables import Timetable
from mainspring.server.shapes.parts import At, at, seconds


class EventDebounceShape(BaseModel):
    """The last or first of the events that come shortly after one another starts a run. Spans in seconds."""

    delay: float
    key: str | None = Field(description="Where in the payload the key is found.")
    mode: Literal["trailing", "leading"]
    max_delay: float | None


class EventBatchShape(BaseModel):
    """Events gather for one run."""

    size: int
    timeout: float = Field(description="Seconds from the first event.")
    key: str | None = Field(description="Where in the payload the key is found.")


class TriggerShape(BaseModel):
    kind: TriggerKind
    events: list[str]
    filter: dict[str, Any] | None
    source: str | None
    examples: list[dict[str, Any]]
    debounce: EventDebounceShape | None
    batch: EventBatchShape | None
    cron: str | None
    timezone: str | None
    every: float | None = Field(description="Seconds.")
    catch_up: CatchUp = Field(description="What becomes of slots that were missed.")
    overlap: Overlap = Field(description="What becomes of a slot while a run of the schedule is under way.")
    dynamic_schedule: str | None = Field(description="Starts it at times registered at run time.")


class RetryShape(BaseModel):
    """Spans in seconds."""

    max_attempts: int
    min_delay: float
    max_delay: float
    factor: float
    jitter: bool


class LastRunShape(BaseModel):
    id: str
    status: RunStatus
    started_at: At | None
    finished_at: At | None


class KeyReset(BaseModel):
    reset: bool = Field(description="False: no run had the key.")


class VersionShape(BaseModel):
    version: str
    registered_at: At
    seen_at: At = Field(description="When a worker registered it last.")
    workers: list[str] = Field(description="Live workers that have it, by name.")


class JobShape(BaseModel):
    id: str
    name: str
    version: str
    description: str | None
    enabled: bool
    hooks: list[str] = Field(description="What is called around its runs.", examples=[["on_failure"]])
    served: bool = Field(description="A live worker has it.")
    trigger: str = Field(description="Its triggers in words.", examples=["on event order.created"])
    triggers: list[TriggerShape]
    payload_schema: dict[str, Any] | None = Field(description="JSON Schema; null takes anything.")
    output_schema: dict[str, Any] | None
    retry: RetryShape
    queue: str | None
    concurrency: int | None
    rate_limit: str | None = Field(description="How often it may start; more is refused.")
    max_duration: float | None = Field(description="Seconds.")
    ttl: float | None = Field(description="Seconds.")
    pin_version: bool
    tags: list[str]
    log_level: str | None
    updated_at: At
    versions: list[VersionShape] = Field(description="The newest registration first.")
    counts: dict[str, int] = Field(
        description="Its newest runs by status, 1,000 at most.", examples=[{"SUCCESS": 12}]
    )
    last_runs: list[LastRunShape] = Field(description="The newest first, 30 at most.")
    next_run_at: At | None = Field(description="When a schedule starts it next.")


def job_shape(view: JobView) -> JobShape:
    """A job with its state."""
    spec = view.spec
    return JobShape(
        id=spec.id,
        name=spec.name,
        version=spec.version,
        description=spec.description,
        hooks=list(spec.hooks),
        enabled=view.enabled,
        served=view.served,
        trigger=in_words(spec.triggers),
        triggers=[_trigger_shape(trigger) for trigger in spec.triggers],
        payload_schema=spec.payload_schema,
        output_schema=spec.output_schema,
        retry=_retry_shape(spec.retry),
        queue=spec.queue,
        concurrency=spec.limits.concurrency if spec.limits else None,
        rate_limit=_rate_limit(spec.start_limit),
        max_duration=seconds(spec.max_duration),
        ttl=seconds(spec.ttl),
        pin_version=spec.pin_version,
        tags=list(spec.tags),
        log_level=spec.log_level,
        updated_at=to_iso(view.updated_at),
        versions=[_version_shape(one) for one in view.versions],
        counts={str(status): count for status, count in view.counts.items()},
        last_runs=[
            LastRunShape(
                id=run.id,
                status=run.status,
                started_at=at(run.started_at),
                finished_at=at(run.finished_at),
            )
            for run in view.last_runs
        ],
        next_run_at=at(view.next_run_at),
    )


def _version_shape(view: VersionView) -> VersionShape:
    return VersionShape(
        version=view.version,
        registered_at=to_iso(view.registered_at),
        seen_at=to_iso(view.seen_at),
        workers=list(view.workers),
    )


def in_words(triggers: tuple[TriggerSpec, ...]) -> str:
    """What starts a job, as a person says it: "on event order.created (filtered), or by call"."""
    said = [_words(trigger) for trigger in triggers if trigger.kind != "invoke"]
    return ", ".join(said) if said else "by call"


def _words(trigger: TriggerSpec) -> str:
    if trigger.dynamic is not None:
        return f"at times registered with dynamic schedule {trigger.dynamic}"
    if trigger.kind != "event":
        words = Timetable(trigger.cron, trigger.timezone or "UTC", trigger.every).in_words()
        return words[0].lower() + words[1:]
    words = "on event " + " or ".join(trigger.events)
    if trigger.source is not None:
        words += f" from {trigger.source}"
    if trigger.filter:
        words += " (filtered)"
    if trigger.debounce is not None:
        words += f", the {_CARRIED[trigger.debounce.mode]} when it was quiet for "
        words += format_duration(trigger.debounce.delay)
    if trigger.batch is not None:
        words += f", {trigger.batch.size} together or after {format_duration(trigger.batch.timeout)}"
    return words


def _rate_limit(limit: StartLimit | None) -> str | None:
    if limit is None:
        return None
    words = f"{limit.rate.limit}/{format_duration(limit.rate.per)}"
    return words if limit.key is None else f"{words} by {limit.key}"


_CARRIED = {"trailing": "last", "leading": "first"}


def _debounce_shape(debounce: EventDebounce | None) -> EventDebounceShape | None:
    if debounce is None:
        return None
    return EventDebounceShape(
        delay=debounce.delay / SECOND,
        key=debounce.key,
        mode=debounce.mode,
        max_delay=seconds(debounce.max_delay),
    )


def _batch_shape(batch: EventBatch | None) -> EventBatchShape | None:
    if batch is None:
        return None
    return EventBatchShape(size=batch.size, timeout=batch.timeout / SECOND, key=batch.key)


def _trigger_shape(trigger: TriggerSpec) -> TriggerShape:
    return TriggerShape(
        kind=trigger.kind,
        events=list(trigger.events),
        filter=trigger.filter,
        source=trigger.source,
        examples=list(trigger.examples),
        debounce=_debounce_shape(trigger.debounce),
        batch=_batch_shape(trigger.batch),
        cron=trigger.cron,
        timezone=trigger.timezone,
        every=seconds(trigger.every),
        catch_up=trigger.catch_up,
        overlap=trigger.overlap,
        dynamic_schedule=trigger.dynamic,
    )


def _retry_shape(retry: RetryPolicy) -> RetryShape:
    return RetryShape(
        max_attempts=retry.max_attempts,
        min_delay=seconds(retry.min_delay) or 0.0,
        max_delay=seconds(retry.max_delay) or 0.0,
        factor=retry.factor,
        jitter=retry.jitter,
    )
