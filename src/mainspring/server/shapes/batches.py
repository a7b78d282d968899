"""Batches as callers send them and as the API shows them."""

from pydantic import BaseModel, Field

from mainspring.model.runs import RunStatus
from mainspring.server.shapes.bodies import Body, TriggerBody, Word
from mainspring.server.shapes.parts import At


class BatchedRunBody(TriggerBody):
    job_id: Word = Field(examples=["resize-image"])


class BatchBody(Body):
    runs: list[BatchedRunBody] = Field(min_length=1)


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
