"""What a subscriber of a run is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mainspring.model.history import EntryKind
from mainspring.model.runs import RunStatus
from mainspring.model.streams import Streamed
from mainspring.sdk.events import read_instant


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """One piece of news of a run; what does not belong to its `kind` is None.

    `run`: status, progress, metadata or tags changed. `entry`: something happened in it, `what` says what
    (TASK_COMPLETED, WAIT_STARTED, ...). `chunk`: a piece of one of its streams.
    """

    kind: Literal["run", "entry", "chunk"]
    #: Grows from update to update; `run.subscribe(after=...)` goes on behind it.
    sequence: int | None = None
    at: datetime | None = None
    what: EntryKind | None = None
    task: str | None = None
    attempt: int | None = None
    data: Any = None
    stream: str | None = None
    chunk: Any = None
    status: RunStatus | None = None
    progress: Any = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None


def read_update(message: Streamed) -> RunUpdate:
    """The update that a message of the stream is."""
    shown = message.data
    if message.kind == "run":
        return RunUpdate(
            "run",
            status=shown["status"],
            progress=shown["progress"],
            metadata=shown["metadata"],
            tags=shown["tags"],
            attempt=shown["attempt"],
        )
    place = {"sequence": shown["sequence"], "at": read_instant(shown["at"])}
    place |= {"task": shown["task"], "attempt": shown["attempt"]}
    if message.kind == "chunk":
        return RunUpdate("chunk", stream=shown["stream"], chunk=shown["chunk"], **place)
    return RunUpdate("entry", what=shown["kind"], data=shown["data"], **place)
