"""Groups of failures as the API shows them, and what people may say of one."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from mainspring.clock import to_iso
from mainspring.engine.error_reads import Counts, ErrorVersion, ErrorView, WholeErrorView
from mainspring.model.error_groups import ErrorChange, ErrorChangeKind, ErrorStatus
from mainspring.server.shapes.bodies import Body, Span, When, Word
from mainspring.server.shapes.parts import At, at, seconds
from mainspring.server.shapes.runs import FailureShape, failure_shape


class CountsShape(BaseModel):
    """How many runs failed in each of some spans that follow one another; the last one is still going on."""

    since: At
    every: float = Field(description="Seconds in a span.")
    runs: list[int]


class ErrorGroupShape(BaseModel):
    """Failures of one class, job and task."""

    id: str = Field(examples=["err_4MB2Z0Y7W3Q8N5T1K6C9R2H0XD"])
    job_id: str
    task: str | None = Field(
        description="Without what tells siblings apart: `page *`; null: the body of the job failed."
    )
    type: str = Field(description="Class of the exception.", examples=["ValueError"])
    message: str = Field(description="Of the failure seen last.")
    status: ErrorStatus
    runs: int = Field(description="How many runs failed with it.")
    first_seen_at: At
    last_seen_at: At
    last_run_id: str
    resolved_at: At | None = Field(description="When it was resolved last.")
    resolved_by: str | None = Field(description="The person, or the id of the API key.")
    ignored_at: At | None = Field(description="When it was ignored last.")
    ignored_by: str | None
    ignored_until: At | None = Field(description="While it is ignored: up to then.")
    ignored_runs: int | None = Field(description="While it is ignored: for so many more runs.")
    came_back_at: At | None = Field(
        description="When it failed again after it was resolved; null once somebody said something since."
    )
    counts: CountsShape


class ErrorVersionShape(BaseModel):
    version: str = Field(description="Of the job.")
    runs: int
    first_seen_at: At
    last_seen_at: At


class ErrorChangeShape(BaseModel):
    """What befell a group."""

    at: At
    kind: ErrorChangeKind
    by: str | None = Field(
        description="The person, or the id of the API key; null: a run that failed, or time."
    )
    run_id: str | None = Field(description="The run that came back.")
    until: At | None = Field(description="Ignored up to then.")
    runs: int | None = Field(description="Ignored for so many runs.")


class WholeErrorGroupShape(ErrorGroupShape):
    last_error: FailureShape | None = Field(description="What the run seen last failed with.")
    versions: list[ErrorVersionShape] = Field(description="The latest first, at most 50.")
    history: list[ErrorChangeShape] = Field(description="The latest first, at most 50.")


def error_shape(view: ErrorView) -> ErrorGroupShape:
    """A group in a list."""
    group = view.group
    return ErrorGroupShape(
        id=group.id,
        job_id=group.job_id,
        task=group.task,
        type=group.type,
        message=group.message,
        status=group.status,
        runs=group.runs,
        first_seen_at=to_iso(group.first_seen_at),
        last_seen_at=to_iso(group.last_seen_at),
        last_run_id=group.last_run_id,
        resolved_at=at(group.resolved_at),
        resolved_by=group.resolved_by,
        ignored_at=at(group.ignored_at),
        ignored_by=group.ignored_by,
        ignored_until=at(group.ignored_until),
        ignored_runs=None if group.ignored_runs is None else group.ignored_runs - group.runs,
        came_back_at=at(group.came_back_at),
        counts=_counts(view.counts),
    )


def whole_error_shape(whole: WholeErrorView) -> WholeErrorGroupShape:
    """A group with all that is known of it."""
    last = None if whole.last_run is None else failure_shape(whole.last_run.failure)
    return WholeErrorGroupShape(
        **error_shape(whole.view).model_dump(),
        last_error=last,
        versions=[_version(one) for one in whole.versions],
        history=[_change(one) for one in whole.changes],
    )


def _counts(counts: Counts) -> CountsShape:
    return CountsShape(since=to_iso(counts.since), every=seconds(counts.every) or 0, runs=list(counts.runs))


def _version(one: ErrorVersion) -> ErrorVersionShape:
    return ErrorVersionShape(
        version=one.version,
        runs=one.runs,
        first_seen_at=to_iso(one.first_seen_at),
        last_seen_at=to_iso(one.last_seen_at),
    )


def _change(one: ErrorChange) -> ErrorChangeShape:
    return ErrorChangeShape(
        at=to_iso(one.at),
        kind=one.kind,
        by=one.made_by,
        run_id=one.run_id,
        until=at(one.until),
        runs=one.runs,
    )


class ByBody(Body):
    by: Word | None = Field(None, description="The person; left out: the API key.")


class IgnoreBody(ByBody):
    until: When | None = Field(None, description="Up to this instant.")
    span: Span | None = Field(None, alias="for", description="Or for so long from now.")
    runs: int | None = Field(None, ge=1, le=1_000_000_000, description="Until so many more runs failed.")

    @model_validator(mode="after")
    def _only_one_end(self) -> Self:
        if self.until is not None and self.span is not None:
            raise ValueError("give either until or for")
        return self
