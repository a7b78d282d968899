"""Where user code stands: the run, the task and the attempt it is in, carried by contextvars.

The worker enters a run and each task attempt here; `io`, `ctx` and `@task` functions look up where they are.
"""

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mainspring.errors import NotInRun, WrongLoop
from mainspring.sdk.connected import Connected
from mainspring.sdk.events import Event
from mainspring.sdk.runtime import Runtime


@dataclass(slots=True)
class RunInfo:
    """`ctx.run`. The worker turns `is_replay` off when the last finished task was handed out."""

    id: str
    #: Body attempt, counted from 1.
    attempt: int = 1
    max_attempts: int = 1
    #: The code is being led again over tasks that finished earlier.
    is_replay: bool = False
    is_test: bool = False
    #: As the run was claimed; `io.tags` changes them.
    tags: tuple[str, ...] = ()
    #: The schedule that started it; its slot is the payload's `timestamp`.
    schedule_id: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    #: The run that this one replays, from a task or from its beginning; None: it is a run of its own.
    replay_of: str | None = None


@dataclass(slots=True, unsafe_hash=True)
class JobInfo:
    """`ctx.job`."""

    id: str
    version: str


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """`ctx.attempt`: of the task inside a task, else of the run's body. Both count from 1."""

    number: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Trace:
    """`ctx.trace`: the run's W3C trace id, and one span id per place in it. The same on every replay."""

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """The value of the `traceparent` header for requests made from here."""
        return f"00-{self.trace_id}-{self.span_id}-01"


@dataclass(slots=True)
class TaskScope:
    """The task attempt that user code is in."""

    #: The task's full key, parents included.
    key: str
    attempt: int
    max_attempts: int
    #: The same for every attempt of this task in this run: give it to services that dedupe.
    idempotency_key: str = ""


@dataclass(slots=True)
class Context:
    """`ctx`: what there is to know about the run. Take it as an argument, or `from mainspring import ctx`."""

    run: RunInfo
    job: JobInfo
    environment: str
    project: str
    #: The event that started the run; None for called runs. Its payload is plain JSON data.
    event: Event[Any] | None = None
    #: When `max_duration` ends the run.
    deadline: datetime | None = None
    #: Yours: what middleware leaves for the body and for hooks. Nothing of it is kept.
    locals: dict[str, Any] = field(default_factory=dict)

    @property
    def attempt(self) -> AttemptInfo:
        scope = current_task.get()
        if scope is None:
            return AttemptInfo(self.run.attempt, self.run.max_attempts)
        return AttemptInfo(scope.attempt, scope.max_attempts)

    @property
    def task_key(self) -> str | None:
        """Key of the task we are in, parents included; None in the run's body."""
        scope = current_task.get()
        return None if scope is None else scope.key

    @property
    def idempotency_key(self) -> str:
        """The same whenever this place is reached again: pass it to services that dedupe requests."""
        scope = current_task.get()
        if scope is None:
            return self.run.id
        return scope.idempotency_key or f"{self.run.id}/{scope.key}"

    @property
    def trace(self) -> Trace:
        place = f"{self.run.id}/{self.task_key or ''}"
        return Trace(_digest(self.run.id, 16), _digest(place, 8))


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


@dataclass(slots=True, unsafe_hash=True)
class Scope:
    """One execution of a run: what `io` speaks to, and the loop its coroutines live on."""

    runtime: Runtime
    context: Context
    loop: asyncio.AbstractEventLoop
    #: Of the thread that the loop runs in. To ask for it costs nothing; to ask asyncio for its loop costs a call of the
    #: system each time, and `io` asks twice for every task.
    thread: int
    #: What `io.<name>` is, by name.
    connectors: Mapping[str, Connected] = field(default_factory=dict)


current_scope: ContextVar[Scope | None] = ContextVar("mainspring_scope", default=None)
#: In a process of a task's own there is `ctx`, and no `io`.
context_alone: ContextVar[Context | None] = ContextVar("mainspring_context", default=None)
current_task: ContextVar[TaskScope | None] = ContextVar("mainspring_task", default=None)


def begin_run(runtime: Runtime, context: Context, connectors: Mapping[str, Connected] | None = None) -> None:
    """From here on everything called belongs to this run. For a contextvars context that is the run's own."""
    loop, thread = asyncio.get_running_loop(), threading.get_ident()
    current_scope.set(Scope(runtime, context, loop, thread, connectors or {}))
    current_task.set(None)


@contextmanager
def enter_task(scope: TaskScope) -> Iterator[None]:
    """Everything called inside belongs to this attempt of this task; nested tasks find their parent here."""
    token = current_task.set(scope)
    try:
        yield
    finally:
        current_task.reset(token)


def scope_or_none() -> Scope | None:
    """The run we are in, None outside runs."""
    return current_scope.get()


def require_scope(what: str) -> Scope:
    """The run we are in; `NotInRun` naming `what` outside runs."""
    scope = current_scope.get()
    if scope is None:
        raise NotInRun(f"{what} was used outside a run")
    if scope.thread == threading.get_ident():
        return scope
    try:
        is_elsewhere = asyncio.get_running_loop() is not scope.loop
    except RuntimeError:
        return scope  # a thread, for which the call is made on the run's loop
    if is_elsewhere:
        raise WrongLoop(
            f"{what} was awaited on an event loop of its own (asyncio.run, say), not on the run's",
            mend=f"In a plain `def` call it without await, as in `{what}(...)`, or make the function `async def`.",
        )
    return scope
