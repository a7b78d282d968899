"""`io`: everything a run does that must not be lost. A face over the runtime that the worker puts in place."""

import inspect
import random as random_
import uuid as uuid_
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, overload

from mainspring.clock import Instant, to_datetime
from mainspring.duration import Duration, format_duration, parse_duration
from mainspring.errors import DefinitionError, EventRejected
from mainspring.model.effects import Effect
from mainspring.model.filters import check_filter
from mainspring.model.waits import WaitSpec
from mainspring.sdk.actions import ConnectorCalls, calls_of, connectors_here
from mainspring.sdk.asking import Asking
from mainspring.sdk.breakers import CircuitBreaker
from mainspring.sdk.bridge import blocking, is_in_thread
from mainspring.sdk.context import require_scope
from mainspring.sdk.doubt import Reconcile
from mainspring.sdk.events import (
    Event,
    EventMessage,
    as_instant,
    check_listened_name,
    check_text,
    drafts,
    read_event,
)
from mainspring.sdk.isolation import Isolation
from mainspring.sdk.json_text import encode
from mainspring.sdk.keys import check_key
from mainspring.sdk.live import Done, Metadata, Tags, show_progress
from mainspring.sdk.logger import Logger
from mainspring.sdk.retry import Retry, as_retry
from mainspring.sdk.runtime import TaskCall, WaitCall
from mainspring.sdk.shape import shape_of
from mainspring.sdk.store import EnvironmentStore
from mainspring.sdk.streams import Streams
from mainspring.sdk.task import prepared
from mainspring.sdk.together import Together

R = TypeVar("R")
T = TypeVar("T")


class RunRandom(random_.Random):
    """`io.random`: `io.random()` is a float in [0, 1), and it has all methods of `random.Random`."""

    def __call__(self) -> float:
        return self.random()


class IO(Together, Asking):
    """What a run does durably. Take it as an argument, or `from mainspring import io`."""

    def __init__(self) -> None:
        self.store: EnvironmentStore = EnvironmentStore()
        self.logger: Logger = Logger()
        self.metadata: Metadata = Metadata()
        self.tags: Tags = Tags()
        self.stream: Streams = Streams()

    def __getattr__(self, name: str) -> ConnectorCalls:
        """A connector of the job: `await io.slack.post_message("tell-ops", channel="#ops", text="hi")`."""
        return calls_of(name, connectors_here(), VERBS)

    # ── tasks ────────────────────────────────────────────────────────────────────────────────────────
    @overload
    async def run_task(
        self,
        key: str,
        fn: Callable[..., Awaitable[R]],
        /,
        *args: Any,
        retry: Retry | int | None = None,
        timeout: Duration | None = None,
        name: str | None = None,
        icon: str | None = None,
        properties: Mapping[str, Any] | None = None,
        params: Any = None,
        idempotency_key: str | None = None,
        isolation: Isolation | None = None,
        memory_limit: int | None = None,
        effect: Effect | None = None,
        reconcile: Reconcile[R] | None = None,
        breaker: CircuitBreaker | None = None,
        **kwargs: Any,
    ) -> R: ...
    @overload
    async def run_task(
        self,
        key: str,
        fn: Callable[..., R],
        /,
        *args: Any,
        retry: Retry | int | None = None,
        timeout: Duration | None = None,
        name: str | None = None,
        icon: str | None = None,
        properties: Mapping[str, Any] | None = None,
        params: Any = None,
        idempotency_key: str | None = None,
        isolation: Isolation | None = None,
        memory_limit: int | None = None,
        effect: Effect | None = None,
        reconcile: Reconcile[R] | None = None,
        breaker: CircuitBreaker | None = None,
        **kwargs: Any,
    ) -> R: ...
    async def run_task(
        self,
        key: str,
        fn: Callable[..., Any],
        /,
        *args: Any,
        retry: Retry | int | None = None,
        timeout: Duration | None = None,
        name: str | None = None,
        icon: str | None = None,
        properties: Mapping[str, Any] | None = None,
        params: Any = None,
        idempotency_key: str | None = None,
        isolation: Isolation | None = None,
        memory_limit: int | None = None,
        effect: Effect | None = None,
        reconcile: Reconcile[Any] | None = None,
        breaker: CircuitBreaker | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call `fn(*args, **kwargs)` and keep what it returns: once kept, it never runs again in this run.

        `fn`: `async def`, or `def` (in a thread). A repeated `key` becomes `key#2`. `retry`: a Retry or a number of
        attempts (3), `timeout` for each. `name`, `icon`, `properties` (label -> value) and `params` are shown.
        `ctx.idempotency_key` is `idempotency_key`. `isolation="process"` calls a function of a module's top level in a
        process, with `memory_limit` bytes, without `io`; arguments cross as JSON. `effect="once"`: what may have been
        done is not repeated: `reconcile`, given what `fn` takes, returns `Done(value)` or `NotDone()`, else a person is
        asked. `breaker`: no attempt begins while it is open. The output comes back as `fn`'s annotation says.
        Raises `TaskFailed`, `Unserialisable`, `TooLarge`."""
        scope = require_scope("io.run_task")
        _check_function(check_key(key, "io.run_task"), fn)
        call = TaskCall(
            key,
            fn,
            args,
            kwargs,
            retry=None if retry is None else as_retry(retry),
            timeout=None if timeout is None else parse_duration(timeout),
            name=name,
            icon=icon,
            properties=properties,
            params=params,
            idempotency_key=idempotency_key,
            isolation=isolation,
            memory_limit=memory_limit,
            effect=effect,
            reconcile=reconcile,
            breaker=breaker,
        )
        return await scope.runtime.run_task(prepared(call))

    # ── waits ────────────────────────────────────────────────────────────────────────────────────────
    @overload
    async def wait(self, delay: Duration, /) -> None: ...
    @overload
    async def wait(self, key: str, delay: Duration) -> None: ...
    async def wait(self, key: Any = None, delay: Any = None) -> None:
        """Go on after a span: `io.wait("3 seconds")`, `io.wait("cool-off", "3 days")`. The run may leave memory."""
        key, delay = ("wait", key) if delay is None else (key or "wait", delay)
        span = parse_duration(delay)
        spec = WaitSpec("time", delay=span)
        await self._wait_for_time(key, "io.wait", f"wait {format_duration(span)}", spec)

    @overload
    async def wait_until(self, at: datetime, /) -> None: ...
    @overload
    async def wait_until(self, key: str, at: datetime) -> None: ...
    async def wait_until(self, key: Any = None, at: Any = None) -> None:
        """Go on at an instant (a datetime with its zone); at once when it is past."""
        key, at = ("wait_until", key) if at is None else (key or "wait_until", at)
        until = as_instant(at)
        shown = to_datetime(until).isoformat(timespec="seconds")
        await self._wait_for_time(key, "io.wait_until", f"wait until {shown}", WaitSpec("time", until=until))

    async def _wait_for_time(self, key: str, call: str, name: str, spec: WaitSpec) -> None:
        scope = require_scope(call)
        await scope.runtime.wait(WaitCall(check_key(key, call), "wait", name, spec))

    @overload
    async def wait_for_event(
        self,
        key: str,
        *,
        name: str,
        id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        schema: type[T],
        timeout: Duration | None = None,
    ) -> Event[T]: ...
    @overload
    async def wait_for_event(
        self,
        key: str,
        *,
        name: str,
        id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        schema: Any = None,
        timeout: Duration | None = None,
    ) -> Event[Any]: ...
    async def wait_for_event(
        self,
        key: str,
        *,
        name: str,
        id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        schema: Any = None,
        timeout: Duration | None = None,
    ) -> Event[Any]:
        """The first event called `name` that fits `id` (its correlation id) and `filter`.

        One that arrived after the run began, and that this run has not used yet, counts. Raises `WaitTimeout`
        (a TimeoutError) after `timeout`, and `PayloadInvalid` when the event does not fit `schema`.
        """
        scope = require_scope("io.wait_for_event")
        check_key(key, "io.wait_for_event")
        check_listened_name(name)
        check_text(id, f"the id that io.wait_for_event('{key}') waits for")
        shape = shape_of(schema, f"the event '{name}' that io.wait_for_event('{key}') got")
        if filter is not None:
            check_filter(filter)
        spec = WaitSpec(
            "event",
            delay=None if timeout is None else parse_duration(timeout),
            event_name=name,
            correlation_id=id,
            filter=None if filter is None else encode(filter, what=f"the filter of '{key}'"),
        )
        shown = await scope.runtime.wait(WaitCall(key, "event_wait", f"wait for {name}", spec))
        if schema is None:
            return read_event(shown)
        return read_event(shown, shape.read(encode(shown["payload"], what="the payload")))

    # ── events ───────────────────────────────────────────────────────────────────────────────────────
    async def send_event(
        self,
        key: str,
        name: str,
        payload: Any = None,
        *,
        id: str | None = None,
        idempotency_key: str | None = None,
        deliver_at: datetime | str | None = None,
        delay: Duration | None = None,
        source: str | None = None,
        context: Any = None,
    ) -> Event[Any]:
        """Send an event, once: a replay does not send it again. Options as for `client.send_event`."""
        message: EventMessage = {
            "name": name,
            "payload": {} if payload is None else payload,
            "id": id,
            "idempotency_key": idempotency_key,
            "deliver_at": deliver_at,
            "delay": delay,
            "source": source,
            "context": context,
        }
        (event,) = await self.send_events(key, [message])
        return event

    async def send_events(self, key: str, events: Sequence[EventMessage]) -> list[Event[Any]]:
        """Send several events, all or none, once. Raises `EventRejected` when every job refused one of them."""
        scope = require_scope("io.send_events")
        check_key(key, "io.send_event")
        sent = [read_event(shown) for shown in await scope.runtime.send_events(key, drafts(events))]
        for event in sent:
            if event.rejected and not event.runs:
                raise rejection_of(event)
        return sent

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────
    def progress(self, current: float, total: float | None = None, message: str | None = None) -> Done:
        """Show how far the run is: `await io.progress(31, 50, "orders")`."""
        return show_progress(current, total, message)

    # ── the same again on replay ─────────────────────────────────────────────────────────────────────
    def now(self) -> datetime:
        """The time (UTC) at which this line was reached first."""
        runtime = require_scope("io.now").runtime
        instant: Instant = runtime.value("now", runtime.now)
        return to_datetime(instant)

    @property
    def random(self) -> RunRandom:
        """`io.random()` in [0, 1); also `io.random.choice(...)`, `.randint(...)`, and the others."""
        return RunRandom(require_scope("io.random").runtime.random().getrandbits(64))

    def uuid(self) -> uuid_.UUID:
        """A random UUID (version 4)."""
        return uuid_.UUID(int=require_scope("io.uuid").runtime.random().getrandbits(128), version=4)


#: Names that `io` has by itself.
VERBS = frozenset(name for name in dir(IO()) if not name.startswith("_"))


def _check_function(key: str, fn: Any) -> None:
    if callable(fn):
        return
    if inspect.iscoroutine(fn):
        fn.close()
    raise DefinitionError(
        f"io.run_task('{key}') got {fn!r:.80} instead of a function",
        mend="Give the function and its arguments: io.run_task(key, fn, arg), not fn(arg).",
    )


def rejection_of(event: Event[Any]) -> EventRejected:
    """The error for an event that every listening job refused."""
    reasons = [
        f"job '{one.job_id}': `{problem.path}`: {problem.message}"
        for one in event.rejected
        for problem in one.errors
    ]
    rejections = [
        {"job_id": one.job_id, "errors": [{"path": p.path, "message": p.message} for p in one.errors]}
        for one in event.rejected
    ]
    return EventRejected(
        f"no job takes the event '{event.name}': {'; '.join(reasons[:5])}",
        rejections=rejections,
        event_id=event.event_id,
    )


class CrossingIO(IO):
    """`io` as it is handed out: in a thread of a plain `def` its calls wait and return values."""

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        return blocking(value) if is_in_thread() and not name.startswith("_") else value

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        return blocking(value) if is_in_thread() else value
