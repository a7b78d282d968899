"""Counts of runs as the API shows them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.stats import Ended, Stats
from mainspring.model.runs import RunStatus
from mainspring.server.shapes.parts import At, seconds

_RATE = "Of those that succeeded, failed or timed out, the share that succeeded; null: there are none."
_BY_STATUS = "Runs that ended, by status; one that none has is left out."


class BucketShape(BaseModel):
    at: At
    counts: dict[str, int] = Field(description=_BY_STATUS, examples=[{"SUCCESS": 120, "FAILED": 2}])


class StandingShape(BaseModel):
    """What there is now. Of a figure that is `counted_to` there may be more."""

    pending: int
    running: int
    waiting: int
    approvals: int = Field(description="Tasks of all jobs that wait for a person's approval.")
    tokens: int = Field(description="Tasks of all jobs that wait for whoever has their token.")
    counted_to: int = Field(
        description="Where `pending` and `waiting` stop to be counted; of one job: how many of all are looked at."
    )


class NextSlotShape(BaseModel):
    schedule_id: str
    job_id: str
    at: At


class EndedShape(BaseModel):
    """Spans in seconds, from start to end, of runs that succeeded or failed; to within some per cent."""

    counts: dict[str, int] = Field(description=_BY_STATUS)
    success_rate: float | None = Field(description=_RATE)
    p50: float | None = Field(description="Half of them took no longer.")
    p95: float | None = Field(description="Of a hundred, ninety-five took no longer.")


class StatsShape(BaseModel):
    span: str = Field(examples=["24h"])
    bucket: float = Field(description="How long each bucket is. Seconds.")
    since: At
    until: At
    buckets: list[BucketShape] = Field(
        description="Each `bucket` of the span, the oldest first, by when runs ended; the last is not over yet."
    )
    ended: EndedShape = Field(description="All of them together.")
    now: StandingShape
    next_slots: list[NextSlotShape] = Field(description="The schedules that come next, 5 at most.")


class JobStatsShape(EndedShape):
    job_id: str


def stats_shape(stats: Stats) -> StatsShape:
    """Counts of one span with what stands now."""
    now = stats.now
    return StatsShape(
        span=stats.span,
        bucket=stats.width / 1_000_000,
        since=to_iso(stats.since),
        until=to_iso(stats.until),
        buckets=[BucketShape(at=to_iso(one.at), counts=_counts(one.counts)) for one in stats.buckets],
        ended=EndedShape(**_ended(stats.ended)),
        now=StandingShape(
            pending=now.pending,
            running=now.running,
            waiting=now.waiting,
            approvals=now.approvals,
            tokens=now.tokens,
            counted_to=now.most,
        ),
        next_slots=[
            NextSlotShape(schedule_id=one.schedule_id, job_id=one.job_id, at=to_iso(one.at))
            for one in stats.next_slots
        ],
    )


def job_stats_shape(named: tuple[str, Ended]) -> JobStatsShape:
    """What became of the runs of a job."""
    job_id, ended = named
    return JobStatsShape(job_id=job_id, **_ended(ended))


def _ended(ended: Ended) -> dict[str, Any]:
    done = ended.counts.get("SUCCESS", 0)
    judged = done + ended.counts.get("FAILED", 0) + ended.counts.get("TIMED_OUT", 0)
    return {
        "counts": _counts(ended.counts),
        "success_rate": done / judged if judged else None,
        "p50": seconds(ended.p50),
        "p95": seconds(ended.p95),
    }


def _counts(counts: Mapping[RunStatus, int]) -> dict[str, int]:
    return {str(status): counts[status] for status in sorted(counts)}
