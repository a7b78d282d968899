"""`SyncIO`: `io` as plain `def` jobs and tasks see it. The same names and arguments; each call waits for its value."""

import uuid as uuid_
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, overload

from mainspring.duration import Duration
from mainspring.model.effects import Effect
from mainspring.sdk.actions import ConnectorCalls
from mainspring.sdk.approvals import Approval
from mainspring.sdk.breakers import CircuitBreaker
from mainspring.sdk.doubt import Reconcile
from mainspring.sdk.events import Event, EventMessage
from mainspring.sdk.io import RunRandom
from mainspring.sdk.isolation import Isolation
from mainspring.sdk.live import Done, Metadata, Tags
from mainspring.sdk.logger import Logger
from mainspring.sdk.retry import Retry
from mainspring.sdk.together import First
from mainspring.sdk.tokens import Token

R = TypeVar("R")
T = TypeVar("T")
D = TypeVar("D")
ItemT = TypeVar("ItemT")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")


class SyncRunStore(Protocol):
    """`io.store` in a thread; see `RunStore`."""

    @overload
    def get(self, key: str, default: None = None, *, type: type[T]) -> T | None: ...
    @overload
    def get(self, key: str, default: D, *, type: type[T]) -> T | D: ...
    @overload
    def get(self, key: str, default: Any = None, type: None = None) -> Any: ...
    def get(self, key: str, default: Any = None, type: Any = None) -> Any:
        """The value, or `default` when there is none."""

    def set(self, key: str, value: Any) -> None:
        """Write the value."""

    def delete(self, key: str) -> bool:
        """Remove it; whether there was one."""

    def has(self, key: str) -> bool:
        """Whether there is a value."""

    def update(self, key: str, fn: Callable[[Any], Any], *, default: Any = None, type: Any = None) -> Any:
        """Replace the value by `fn(value)`, atomically; the new one."""


class SyncEnvironmentStore(SyncRunStore, Protocol):
    """`io.store` itself is the environment's; `.job` belongs to the job, `.run` to the run."""

    job: SyncRunStore
    run: SyncRunStore


class SyncStreams(Protocol):
    """`io.stream` in a thread; see `Streams`."""

    def __call__(self, name: str, source: Iterable[T]) -> Iterable[T]:
        """`for x in io.stream("tokens", source)`: passes on what `source` brings, each piece streamed first."""

    def append(self, name: str, chunk: Any) -> None:
        """Adds a chunk, anything that JSON can hold."""


class SyncIO(Protocol):
    """Annotate `io: SyncIO` in a plain `def`. Only for type checkers: what is given is `io` itself."""

    store: SyncEnvironmentStore
    logger: Logger
    metadata: Metadata
    tags: Tags
    stream: SyncStreams

    def __getattr__(self, name: str) -> ConnectorCalls:
        """As `IO`: `io.slack.post_message("tell-ops", channel="#ops", text="hi")` returns what the action did."""
        ...

    @overload
    def run_task(
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
    def run_task(
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
    def run_task(self, key: str, fn: Any, /, *args: Any, **options: Any) -> Any:
        """As `IO.run_task`: what `fn` returned."""

    @overload
    def wait(self, delay: Duration, /) -> None: ...
    @overload
    def wait(self, key: str, delay: Duration) -> None: ...
    def wait(self, key: Any = None, delay: Any = None) -> None:
        """As `IO.wait`. Its thread ends when the run leaves memory, and another one comes again to this call."""

    @overload
    def wait_until(self, at: datetime, /) -> None: ...
    @overload
    def wait_until(self, key: str, at: datetime) -> None: ...
    def wait_until(self, key: Any = None, at: Any = None) -> None:
        """As `IO.wait_until`."""

    @overload
    def wait_for_event(
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
    def wait_for_event(
        self,
        key: str,
        *,
        name: str,
        id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        schema: Any = None,
        timeout: Duration | None = None,
    ) -> Event[Any]: ...
    def wait_for_event(self, key: str, **options: Any) -> Event[Any]:
        """As `IO.wait_for_event`."""

    def send_event(
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
        """As `IO.send_event`."""

    def send_events(self, key: str, events: Sequence[EventMessage]) -> list[Event[Any]]:
        """As `IO.send_events`."""

    def create_token(self, key: str, *, timeout: Duration | None = None, tags: Sequence[str] = ()) -> Token:
        """As `IO.create_token`."""

    @overload
    def wait_for_token(
        self, token: Token | str, *, schema: type[T], timeout: Duration | None = None, key: str = ...
    ) -> T: ...
    @overload
    def wait_for_token(
        self, token: Token | str, *, schema: Any = None, timeout: Duration | None = None, key: str = ...
    ) -> Any: ...
    def wait_for_token(self, token: Token | str, **options: Any) -> Any:
        """As `IO.wait_for_token`."""

    @overload
    def wait_for_approval(self, key: str, *, schema: type[T], **options: Any) -> T: ...
    @overload
    def wait_for_approval(self, key: str, *, schema: None = None, **options: Any) -> Approval: ...
    def wait_for_approval(self, key: str, *, schema: Any = None, **options: Any) -> Any:
        """As `IO.wait_for_approval`."""

    def wait_for_any(self, **waits: Callable[[], T]) -> First[T]:
        """As `IO.wait_for_any`, each wait as a function: `io.wait_for_any(paid=lambda: io.wait_for_event(...),
        late=lambda: io.wait("3 days"))`. Each is called in a thread; those that lose get `RunSuspended` there."""

    @overload
    def parallel(self, one: Callable[[], T1], two: Callable[[], T2], /) -> tuple[T1, T2]: ...
    @overload
    def parallel(
        self, one: Callable[[], T1], two: Callable[[], T2], three: Callable[[], T3], /
    ) -> tuple[T1, T2, T3]: ...
    @overload
    def parallel(self, *calls: Callable[[], T]) -> list[T]: ...
    def parallel(self, *calls: Callable[[], Any]) -> Any:
        """As `IO.parallel`, each call as a function: `a, b = io.parallel(lambda: io.run_task(...), other)`."""

    @overload
    def map(
        self, fn: Callable[[ItemT], Coroutine[Any, Any, T]], items: Iterable[ItemT], *, limit: int = 10
    ) -> list[T]: ...
    @overload
    def map(self, fn: Callable[[ItemT], T], items: Iterable[ItemT], *, limit: int = 10) -> list[T]: ...
    def map(self, fn: Callable[[ItemT], Any], items: Iterable[ItemT], *, limit: int = 10) -> list[Any]:
        """As `IO.map`: `fn`, a `@task` or any function, for every item; the results in the items' order."""

    def progress(self, current: float, total: float | None = None, message: str | None = None) -> Done:
        """As `IO.progress`."""

    def now(self) -> datetime:
        """As `IO.now`."""

    @property
    def random(self) -> RunRandom:
        """As `IO.random`."""

    def uuid(self) -> uuid_.UUID:
        """As `IO.uuid`."""
