"""Schedules as the API shows them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from mainspring.clock import Instant, to_iso
from mainspring.codec import encode
from mainspring.engine.commands import Backfilled
from mainspring.engine.views import ScheduleView
from mainspring.model.jobs import CatchUp, Overlap
from mainspring.model.limits import Limits
from mainspring.model.runs import RunStatus
from mainspring.model.schedules import ScheduleDraft, check_draft, schedule_of_draft
from mainspring.model.timetables import upcoming
from mainspring.server.shapes.bodies import Body, Span, When, Word, validated
from mainspring.server.shapes.parts import At, at, seconds, value_of


class LastRunShape(BaseModel):
    id: str
    status: RunStatus


class ScheduleShape(BaseModel):
    id: str = Field(
        description="The job's id; a second schedule of the job is `id:2`, one registered at run time `id@key`.",
        examples=["report"],
    )
    job_id: str | None = Field(description="Null while no job has the dynamic schedule as its trigger.")
    kind: Literal["cron", "interval"]
    description: str = Field(
        description="Its times in words.", examples=["At 09:00 on Monday through Friday (Europe/Paris)"]
    )
    cron: str | None
    timezone: str
    every: float | None = Field(description="Seconds.")
    catch_up: CatchUp = Field(description="What becomes of slots that were missed.")
    overlap: Overlap = Field(description="What becomes of a slot while an earlier run is under way.")
    jitter: float | None = Field(description="Seconds after a slot over which its run may be put off.")
    dynamic_schedule: str | None = Field(description="Registered at run time, under this id with the key.")
    key: str | None
    external_id: str | None = Field(description="What it is for, in the caller's words: a tenant, say.")
    metadata: dict[str, Any]
    next_at: At | None = Field(description="The next slot; null while it is paused.")
    upcoming: list[At] = Field(description="The next five slots.")
    last_at: At | None = Field(description="The last slot that came.")
    paused_at: At | None
    refusal: str | None = Field(description="Why the last slot started no run.")
    last_run: LastRunShape | None = Field(description="The newest run that it started.")


def schedule_shape(view: ScheduleView) -> ScheduleShape:
    """A schedule with its next slots."""
    schedule = view.schedule
    return ScheduleShape(
        id=schedule.id,
        job_id=schedule.job_id or None,
        kind=schedule.kind,
        description=view.words,
        cron=schedule.cron,
        timezone=schedule.timezone,
        every=seconds(schedule.every),
        catch_up=schedule.catch_up,
        overlap=schedule.overlap,
        dynamic_schedule=schedule.dynamic_id,
        key=schedule.key,
        external_id=schedule.external_id,
        metadata=value_of(schedule.metadata),
        jitter=seconds(schedule.jitter),
        next_at=at(schedule.next_at),
        upcoming=[to_iso(slot) for slot in view.upcoming],
        last_at=at(schedule.last_at),
        paused_at=at(schedule.paused_at),
        refusal=schedule.refusal,
        last_run=view.last_run and LastRunShape(id=view.last_run[0], status=view.last_run[1]),
    )


class ScheduleBody(Body):
    """A schedule registered at run time; the same key again changes it."""

    dynamic_schedule: str = Field(description="The id that a job's trigger names.", examples=["reports"])
    key: str = Field(description="Unique within the dynamic schedule.", examples=["acme"])
    cron: str | None = Field(None, examples=["0 9 * * MON-FRI"])
    every: Span | None = None
    timezone: str | None = Field(None, description="Of the cron expression; UTC.", examples=["Europe/Paris"])
    catch_up: CatchUp = "none"
    overlap: Overlap = "allow"
    jitter: Span | None = None
    external_id: Word | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class PreviewShape(BaseModel):
    description: str = Field(description="Its times in words.")
    timezone: str
    upcoming: list[At] = Field(description="The next five slots, were it registered now.")


def preview_shape(draft: ScheduleDraft, now: Instant) -> PreviewShape:
    """What would be registered; `InvalidTrigger` where its times are none."""
    check_draft(draft)
    schedule = schedule_of_draft("", draft, "", now)
    timetable = schedule.timetable
    slots = [to_iso(slot) for slot in upcoming(timetable, now)]
    return PreviewShape(description=timetable.in_words(), timezone=schedule.timezone, upcoming=slots)


class Unregistered(BaseModel):
    id: str
    deleted: bool = Field(description="False: there was none.")


class BackfillBody(Body):
    """Both ends are included; a range of the past."""

    since: When
    until: When


class BackfilledShape(BaseModel):
    slot: At
    run_id: str
    is_new: bool = Field(description="False: the slot had this run already.")


def schedule_draft(body: ScheduleBody, limits: Limits) -> ScheduleDraft:
    """What is to be registered; `TooLarge` when the metadata is over the limit."""
    return ScheduleDraft(
        dynamic_id=body.dynamic_schedule,
        key=body.key,
        cron=body.cron,
        timezone=body.timezone,
        every=validated(body.every),
        catch_up=body.catch_up,
        jitter=validated(body.jitter),
        overlap=body.overlap,
        external_id=body.external_id,
        metadata=encode(body.metadata, what="metadata", limit=limits.max_payload_bytes),
    )


def backfilled_shape(done: Backfilled) -> BackfilledShape:
    """One slot of a backfill."""
    return BackfilledShape(slot=to_iso(done.slot), run_id=done.run_id, is_new=done.is_new)
