"""What goes out on a live stream: the run as it stands, lines of its account, chunks of its streams, its end."""

from typing import Any

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.model.history import Entry
from mainspring.model.runs import Run, RunStatus
from mainspring.server.shapes.account import EntryShape
from mainspring.server.shapes.parts import At, Json, value_of


class RunNowShape(BaseModel):
    """What of a run changes while it goes on."""

    id: str
    status: RunStatus
    attempt: int
    progress: Json
    metadata: dict[str, Any]
    tags: list[str]


class StreamedEntryShape(EntryShape):
    run_id: str


class ChunkShape(BaseModel):
    """One chunk of a stream of a run."""

    sequence: int
    run_id: str
    at: At
    task: str | None = Field(description="The task that streamed it; null: the body of the run.")
    attempt: int | None = Field(description="The attempt of that task: another one streams again.")
    stream: str = Field(examples=["tokens"])
    chunk: Json


def run_now_shape(run: Run) -> RunNowShape:
    """A run without its payload and output."""
    return RunNowShape(
        id=run.id,
        status=run.status,
        attempt=run.attempt,
        progress=value_of(run.progress),
        metadata=value_of(run.metadata),
        tags=value_of(run.tags),
    )


def streamed_entry_shape(entry: Entry) -> StreamedEntryShape:
    """A line of an account, with its run."""
    return StreamedEntryShape(
        sequence=entry.sequence,
        run_id=entry.run_id,
        at=to_iso(entry.at),
        kind=entry.kind,
        task=entry.task_key,
        attempt=entry.attempt,
        data=value_of(entry.data),
    )


def chunk_shape(entry: Entry) -> ChunkShape:
    """The chunk that a `STREAM_APPENDED` line keeps."""
    kept = value_of(entry.data)
    return ChunkShape(
        sequence=entry.sequence,
        run_id=entry.run_id,
        at=to_iso(entry.at),
        task=entry.task_key,
        attempt=entry.attempt,
        stream=kept["stream"],
        chunk=kept["chunk"],
    )
