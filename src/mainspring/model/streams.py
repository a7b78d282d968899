"""What a live stream brings, whoever carries it."""

from dataclasses import dataclass
from typing import Any, Literal

StreamedKind = Literal["run", "entry", "chunk", "log", "end"]


@dataclass(frozen=True, slots=True)
class Streamed:
    """One message of a live stream.

    `run` and `end`: the run as it stands (status, attempt, progress, metadata, tags). `entry`: a line of its
    account. `chunk`: a piece of one of its streams. `log`: a line of its log, if asked for. These have the `id`
    after which a stream goes on.
    """

    kind: str
    data: Any
    id: str | None = None
