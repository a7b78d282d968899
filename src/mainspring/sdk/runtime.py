"""The seam inside a run: all that `io` asks of whoever executes the run. The worker fills it in."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mainspring.clock import Instant
from mainspring.model.approvals import ApprovalDraft
from mainspring.model.events import EventDraft
from mainspring.model.logs import LogLevel
from mainspring.model.runs import RunDraft
from mainspring.model.store import StoreOperation
from mainspring.model.tasks import TaskKind
from mainspring.model.waits import WaitSpec
from mainspring.sdk.breakers import CircuitBreaker
from mainspring.sdk.retry import Retry


@dataclass(slots=True)
class TaskCall:
    """One call of `io.run_task` or of a `@task` function. Spans are microseconds."""

    key: str
    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: None takes the default for tasks (3 attempts).
    retry: Retry | None = None
    timeout: int | None = None
    name: str | None = None
    icon: str | None = None
    properties: Mapping[str, Any] | None = None
    params: Any = None
    idempotency_key: str | None = None
    #: "process": called in a process of its own, which may use `memory_limit` bytes.
    isolation: str | None = None
    memory_limit: int | None = None
    #: "once": its beginning is kept before `fn` is called, and after a crash in between `reconcile` is asked, or
    #: a person.
    effect: str | None = None
    reconcile: Callable[..., Any] | None = None
    #: Asked before each attempt, and told how it came out.
    breaker: CircuitBreaker | None = None
    #: Turns the kept JSON back into what the function is annotated to return; None leaves plain JSON values.
    #: User code is given `restore(decode(encode(result)))` on the first execution too, never the function's own
    #: object, so that it cannot tell a first run from a replay. Raises PayloadInvalid when it does not fit:
    #: on the first execution that fails the task at once, without a retry.
    restore: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class WaitCall:
    """One durable wait. Its outcome is the decoded JSON output of the wait's task, or WaitTimeout."""

    key: str
    kind: TaskKind
    name: str
    wait: WaitSpec
    icon: str | None = None
    params: Any = None


class Runtime(Protocol):
    """What executes one run. Keys are as the user wrote them; occurrence and parent are added inside."""

    async def run_task(self, call: TaskCall) -> Any: ...

    async def wait(self, call: WaitCall) -> Any: ...

    async def send_events(self, key: str, events: Sequence[EventDraft]) -> Any:
        """The decoded answer: a list of event objects as the API shows them.

        The drafts' ids are new on every call, so they have no part in the fingerprint.
        """
        ...

    async def trigger_runs(self, key: str, runs: Sequence[RunDraft]) -> Any:
        """The decoded answer: a list of `{"id": run id, "job_id": ...}`. Draft ids: as for `send_events`."""
        ...

    async def use_store(self, key: str, operation: StoreOperation) -> Any:
        """The decoded answer: `{"ok": bool, "exists": bool, "value": any, "version": int}`."""
        ...

    async def create_token(self, key: str, timeout: int | None, tags: tuple[str, ...]) -> Any:
        """The decoded answer: `{"id", "url", "tags", "created_at", "expires_at"}`. `timeout` in microseconds."""
        ...

    async def ask_approval(self, key: str, draft: ApprovalDraft) -> Any:
        """The decoded answer: `{"id", "revision", "links": [{"person", "url"}]}`. Id, URL and key of the draft are
        filled in by the runtime."""
        ...

    def value(self, key: str, make: Callable[[], Any]) -> Any:
        """A small JSON value made once; the same again on replay. Does not wait for its commit."""
        ...

    def now(self) -> Instant:
        """The worker's clock, as it stands: what `io.now` keeps as a value."""
        ...

    def random(self) -> random.Random:
        """A generator seeded by the run, the enclosing task and how often it was called there: the same again
        on replay, which does not enter finished tasks."""
        ...

    def log(self, level: LogLevel, message: str, fields: Mapping[str, Any] | None, origin: str) -> None: ...

    def change(
        self, *, tags: list[str] | None = None, metadata: dict[str, Any] | None = None, progress: Any = None
    ) -> None:
        """New whole values of what is shown live.

        While finished checkpoints are still being handed out this does nothing, and `tags()` and `metadata()`
        stay as the run was claimed with: they hold what this code wrote when it ran first.
        """
        ...

    async def append_chunk(self, stream: str, chunk: str) -> None:
        """A chunk (JSON text) for a live stream; returns when there is room for more. In the run's body each is
        kept once, counted per stream."""
        ...

    def is_cancelled(self) -> bool:
        """Whether user code must stop because somebody cancelled the run."""
        ...

    def tags(self) -> list[str]: ...

    def metadata(self) -> dict[str, Any]: ...


#: Coroutine function that runs a job's body under a runtime; what the worker calls.
Body = Callable[[Any], Awaitable[Any]]
