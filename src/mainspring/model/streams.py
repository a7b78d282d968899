"""What a live stream brings, whoever carries it."""

from dataclasses import dataclass
from typing import Any, Literal

StreamedKind = Literal["run", "entry", "chunk", "end"]


@dataclass(frozen=True, slots=True)
class Streamed:
    """One message of a live stream.

    `run` and `end`: the run as it stands (status, attempt, progress, metadata, tags). `entry`: a line of its
    account. `chunk`: a piece of one of its streams. The latter two have the `id` after which a stream goes on.
    """

    kind: str
    data: Any
    id: str | None = None
