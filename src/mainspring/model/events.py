"""An event: an immutable named JSON record that arrived; and why a job refused it."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a payload: where (`amount`, `items[2].sku`) and what."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A listening job whose schema refused the event."""

    job_id: str
    errors: tuple[Problem, ...]


SkipReason = Literal["disabled", "rate", "filter", "source", "registered_later", "singleton"]


@dataclass(frozen=True, slots=True)
class Skip:
    """A job that listens for events of this name, and why this one started no run of it."""

    job_id: str
    reason: SkipReason
    #: In words.
    message: str


@dataclass(frozen=True, slots=True)
class StartedRun:
    id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event on its way in. `payload` and `context` are JSON text; `deliver_at` or `delay` (microseconds)."""

    id: str
    name: str
    payload: str
    #: Given by the sender; may repeat; waits can ask for it.
    correlation_id: str | None = None
    idempotency_key: str | None = None
    source: str | None = None
    context: str | None = None
    deliver_at: Instant | None = None
    delay: int | None = None
    is_test: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """A kept event. `id` is ours and unique; `correlation_id` is the sender's."""

    id: str
    environment_id: str
    name: str
    payload: str
    correlation_id: str | None
    idempotency_key: str | None
    source: str | None
    context: str | None
    is_test: bool
    #: When it arrived, and when it is (or was) delivered to jobs and waits.
    received_at: Instant
    deliver_at: Instant
    delivered_at: Instant | None
    cancelled_at: Instant | None
    #: JSON array of `Rejection` and `Skip`, "[]" when every job took it that listens for it.
    rejections: str
