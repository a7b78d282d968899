"""Batches as callers send them and as the API shows them."""

from pydantic import BaseModel, Field

from mainspring.model.runs import RunStatus
from mainspring.server.problems import Problem
from mainspring.server.shapes.bodies import Body, TriggerBody, Word
from mainspring.server.shapes.parts import At
from mainspring.server.shapes.runs import RunShape


class BatchedRunBody(TriggerBody):
    job_id: Word = Field(examples=["resize-image"])


class BatchBody(Body):
    runs: list[BatchedRunBody] = Field(min_length=1)


class StartsBody(Body):
    runs: list[BatchedRunBody] = Field(min_length=1)


class StartShape(BaseModel):
    """What came of one run: one of the two."""

    run: RunShape | None
    problem: Problem | None


class BatchedRunShape(BaseModel):
    id: str
    job_id: str
    status: RunStatus


class BatchShape(BaseModel):
    id: str
    created_at: At
    is_final: bool = Field(description="Every run has ended.")
    counts: dict[str, int] = Field(description="Runs by status.")
    runs: list[BatchedRunShape]
