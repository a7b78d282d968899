"""A wait: a task that something outside resolves. A row exists exactly while it is unresolved."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.model.approvals import approval_channel
from mainspring.model.tokens import token_channel

#: "retry" is the pause between two attempts of a task, long enough to free the worker's slot; "drift" waits
#: for a person, because the code no longer fits the checkpoints; so does "in_doubt", because nobody knows whether an
#: attempt of a task under `effect="once"` was done. "breaker": a circuit breaker holds the next attempt of a task.
WaitKind = Literal[
    "time", "event", "run", "runs", "token", "approval", "retry", "drift", "in_doubt", "breaker"
]


@dataclass(frozen=True, slots=True)
class WaitSpec:
    """What the worker asks for. Spans (microseconds) are counted by the engine's clock, never the worker's."""

    kind: WaitKind
    #: Resolves (kind "time", "retry") or times out (the others) after this span...
    delay: int | None = None
    #: ...or at this instant, microseconds since the epoch.
    until: Instant | None = None
    event_name: str | None = None
    #: Only an event with this correlation id resolves it; None takes any.
    correlation_id: str | None = None
    #: JSON text of an event filter.
    filter: str | None = None
    #: The run waited for.
    target_run_id: str | None = None
    #: The runs waited for (kind "runs"): the last of them to end resolves it.
    target_run_ids: tuple[str, ...] = ()
    token_id: str | None = None
    approval_id: str | None = None


@dataclass(slots=True, unsafe_hash=True)
class Wait:
    """One row of `waits`."""

    run_id: str
    task_key: str
    environment_id: str
    kind: WaitKind
    #: When it resolves or times out; None waits for ever.
    due_at: Instant | None
    #: Where the fact that resolves it is announced; see `channel`.
    channel: str | None
    #: JSON text: of an event filter; for kind "runs" the ids of the runs; for "drift" and "in_doubt" the reason.
    filter: str | None
    created_at: Instant


def event_channel(name: str, correlation_id: str | None) -> str:
    """The channel an event wait listens on: by name alone, or by name and correlation id.

    Names hold no newline (checked where events enter), so the two never collide.
    """
    return f"event:{name}" if correlation_id is None else f"event:{name}\n{correlation_id}"


def run_channel(run_id: str) -> str:
    """The channel on which the end of a run is announced."""
    return f"run:{run_id}"


def channel_of(spec: WaitSpec) -> str | None:
    """The channel of a wait, None for one that only time resolves."""
    if spec.kind == "event":
        return event_channel(spec.event_name or "", spec.correlation_id)
    if spec.kind == "run":
        return run_channel(spec.target_run_id or "")
    if spec.kind == "token":
        return token_channel(spec.token_id or "")
    if spec.kind == "approval":
        return approval_channel(spec.approval_id or "")
    return None
