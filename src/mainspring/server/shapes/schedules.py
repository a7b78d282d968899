"""Schedules as the API shows them."""

from typing import Literal

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import ScheduleView
from mainspring.server.shapes.parts import At, at, seconds


class ScheduleShape(BaseModel):
    id: str = Field(description="The job's id; a second schedule of the job is `id:2`.", examples=["report"])
    job_id: str
    kind: Literal["cron", "interval"]
    description: str = Field(
        description="Its times in words.", examples=["At 09:00 on Monday through Friday (Europe/Paris)"]
    )
    cron: str | None
    timezone: str
    every: float | None = Field(description="Seconds.")
    catch_up: Literal["none", "last", "all"] = Field(description="What becomes of slots that were missed.")
    jitter: float | None = Field(description="Seconds after a slot over which its run may be put off.")
    next_at: At | None = Field(description="The next slot; null while it is paused.")
    upcoming: list[At] = Field(description="The next five slots.")
    last_at: At | None = Field(description="The last slot that came.")
    paused_at: At | None
    refusal: str | None = Field(description="Why the last slot started no run.")


def schedule_shape(view: ScheduleView) -> ScheduleShape:
    """A schedule with its next slots."""
    schedule = view.schedule
    return ScheduleShape(
        id=schedule.id,
        job_id=schedule.job_id,
        kind=schedule.kind,
        description=view.words,
        cron=schedule.cron,
        timezone=schedule.timezone,
        every=seconds(schedule.every),
        catch_up=schedule.catch_up,
        jitter=seconds(schedule.jitter),
        next_at=at(schedule.next_at),
        upcoming=[to_iso(slot) for slot in view.upcoming],
        last_at=at(schedule.last_at),
        paused_at=at(schedule.paused_at),
        refusal=schedule.refusal,
    )
