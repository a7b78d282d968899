"""Counts: how many runs ended when and how, how long they took, and what stands now."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from mainspring.engine import stats
from mainspring.server.rooms import Caller, room
from mainspring.server.shapes.parts import Listing, whole_list
from mainspring.server.shapes.stats import JobStatsShape, StatsShape, job_stats_shape, stats_shape

router = room("/api/v1", "stats")

Span = Literal["1h", "24h", "7d", "30d"]


class StatsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    span: Span = Field("24h", description="How far back.")
    job: str | None = Field(None, max_length=256, description="Only this job's runs.")


class JobStatsQuery(StatsQuery):
    span: Span = Field("7d", description="How far back.")


@router.get("/stats")
async def get_stats(call: Caller, asked: Annotated[StatsQuery, Query()]) -> StatsShape:
    """How many runs ended in each stretch of a time, by status, and how many stand now."""
    place = (call.environment_id, asked.span, call.now(), asked.job)
    found = await call.engine.read(stats.get_stats, *place)
    return stats_shape(found)


@router.get("/stats/jobs")
async def list_job_stats(call: Caller, asked: Annotated[JobStatsQuery, Query()]) -> Listing[JobStatsShape]:
    """What became of each job's runs, and how long they took; jobs of which none ended are left out."""
    place = (call.environment_id, asked.span, call.now(), asked.job)
    found = await call.engine.read(stats.stats_by_job, *place)
    return whole_list(found.items(), job_stats_shape)
