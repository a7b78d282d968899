"""The timeline of a run, as the API shows it: its spans, and the runs that it started."""

from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import ChildView, Span
from mainspring.model.runs import RunStatus
from mainspring.server.shapes.parts import At, Listing, at


class BarShape(BaseModel):
    started_at: At
    finished_at: At


class SpanShape(BaseModel):
    """One bar of the timeline; the run itself is the root."""

    id: str
    parent_id: str | None
    name: str
    kind: str
    status: str
    started_at: At
    finished_at: At | None
    attempt: int
    attempts: list[BarShape] = Field(description="The failed ones.")


class TraceShape(Listing[SpanShape]):
    sequence: int = Field(
        description="Of the history; all up to there is in it. Its stream with `spans` goes on from there."
    )


class ChildShape(BaseModel):
    """A run that this one started."""

    id: str
    job_id: str
    status: RunStatus
    task: str | None = Field(description="The task that started it.")
    created_at: At
    started_at: At | None
    finished_at: At | None


def span_facts(span: Span) -> dict[str, Any]:
    """The contents of a `SpanShape` as plain JSON values: a trace may have tens of thousands."""
    return {
        "id": span.id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "started_at": to_iso(span.started_at),
        "finished_at": at(span.finished_at),
        "attempt": span.attempt,
        "attempts": [
            {"started_at": to_iso(start), "finished_at": to_iso(end)} for start, end in span.attempts
        ],
    }


def child_shape(child: ChildView) -> ChildShape:
    """One of the runs that a run started."""
    return ChildShape(
        id=child.id,
        job_id=child.job_id,
        status=child.status,
        task=child.task_key,
        created_at=to_iso(child.created_at),
        started_at=at(child.started_at),
        finished_at=at(child.finished_at),
    )
