"""`client.job`, `client.define_job` and `client.on`, with types that know which parameter is the payload.

A parameter annotated IO or Context is injected; the first other one is the payload. The overloads spell out
the orders people write; a job without a payload parameter may be triggered with anything, or nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from mainspring.duration import Duration
from mainspring.model.jobs import SingletonMode
from mainspring.sdk.annotations import caller_locals
from mainspring.sdk.connected import Connected
from mainspring.sdk.context import Context
from mainspring.sdk.debounce import Batch, Debounce
from mainspring.sdk.io import IO
from mainspring.sdk.job import Job
from mainspring.sdk.options import FreeJobOptions, HookOptions, JobOptions, LogLevelName, check_hooks
from mainspring.sdk.queues import Concurrency, Queue
from mainspring.sdk.rate_limit import RateLimit
from mainspring.sdk.retry import Retry
from mainspring.sdk.singleton import Singleton
from mainspring.sdk.triggers import Trigger, event_trigger

P = ParamSpec("P")
PayloadT = TypeVar("PayloadT")
ReturnT = TypeVar("ReturnT")
#: Injected parameters.
A = TypeVar("A", IO, Context)
B = TypeVar("B", IO, Context)


class JobDecorator(Protocol):
    """What `client.job(...)` and `client.on(...)` return: put it on the function."""

    @overload
    def __call__(self, fn: Callable[[], ReturnT]) -> Job[[], object, ReturnT]: ...
    @overload
    def __call__(self, fn: Callable[[A], ReturnT]) -> Job[[A], object, ReturnT]: ...
    @overload
    def __call__(self, fn: Callable[[A, B], ReturnT]) -> Job[[A, B], object, ReturnT]: ...
    @overload
    def __call__(self, fn: Callable[[A, PayloadT], ReturnT]) -> Job[[A, PayloadT], PayloadT, ReturnT]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # the payload is never IO or Context
        self, fn: Callable[[A, B, PayloadT], ReturnT]
    ) -> Job[[A, B, PayloadT], PayloadT, ReturnT]: ...
    @overload
    def __call__(
        self, fn: Callable[[A, PayloadT, B], ReturnT]
    ) -> Job[[A, PayloadT, B], PayloadT, ReturnT]: ...
    @overload
    def __call__(
        self, fn: Callable[Concatenate[PayloadT, P], ReturnT]
    ) -> Job[Concatenate[PayloadT, P], PayloadT, ReturnT]: ...


class JobMaker(ABC):
    """How a client's jobs come about."""

    @abstractmethod
    def _add(
        self, fn: Callable[..., Any], options: JobOptions, localns: Mapping[str, Any]
    ) -> Job[..., Any, Any]:
        """Check, build and keep the job."""

    def job(
        self,
        *,
        id: str,
        name: str | None = None,
        version: str = "0.0.1",
        trigger: Trigger | Iterable[Trigger] | None = None,
        schema: Any = None,
        queue: str | Queue | None = None,
        concurrency: int | Concurrency | None = None,
        singleton: SingletonMode | Singleton | None = None,
        rate_limit: str | RateLimit | None = None,
        retry: Retry | int | None = None,
        max_duration: Duration | None = None,
        ttl: Duration | None = None,
        enabled: bool = True,
        log_level: LogLevelName | None = None,
        tags: Sequence[str] = (),
        connectors: Mapping[str, Connected] | None = None,
        pin_version: bool = False,
        **hooks: Unpack[HookOptions],
    ) -> JobDecorator:
        """Make a job of the function below, which takes any of `payload`, `io`, `ctx`, by name or annotation.

        `trigger`: what starts it besides calls. The payload's annotation is its schema, unless `schema` says otherwise.
        `queue`: where runs stand; `concurrency`: how many at once; `singleton`: "skip", "cancel" or "queue" what starts
        while a run is alive; `rate_limit`: how often it starts; `retry` of the body (3); `max_duration` from its first
        start, `ttl` from its creation; `connectors`: `io.<name>`. Hooks: docs/howto/hooks.md. `DefinitionError`s."""
        check_hooks(hooks)
        options: JobOptions = {
            "id": id,
            "name": name,
            "version": version,
            "trigger": trigger,
            "schema": schema,
            "queue": queue,
            "concurrency": concurrency,
            "singleton": singleton,
            "rate_limit": rate_limit,
            "retry": retry,
            "max_duration": max_duration,
            "ttl": ttl,
            "enabled": enabled,
            "log_level": log_level,
            "tags": tags,
            "connectors": connectors,
            "pin_version": pin_version,
            **hooks,
        }
        return self._decorator(lambda fn: options)

    def on(
        self,
        event: str | Sequence[str],
        /,
        *,
        id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        source: str | None = None,
        schema: Any = None,
        debounce: Debounce | None = None,
        batch: Batch | None = None,
        **options: Unpack[FreeJobOptions],
    ) -> JobDecorator:
        """Short for a job with `event_trigger(event, ...)`; its id is the function's name unless given."""
        trigger = event_trigger(event, filter=filter, source=source, debounce=debounce, batch=batch)

        def complete(fn: Callable[..., Any]) -> JobOptions:
            named = id if id is not None else fn.__name__.replace("_", "-")
            return JobOptions(**options, id=named, trigger=trigger, schema=schema)

        return self._decorator(complete)

    @overload
    def define_job(
        self, *, run: Callable[[], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[], object, ReturnT]: ...
    @overload
    def define_job(
        self, *, run: Callable[[A], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[A], object, ReturnT]: ...
    @overload
    def define_job(
        self, *, run: Callable[[A, B], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[A, B], object, ReturnT]: ...
    @overload
    def define_job(
        self, *, run: Callable[[A, PayloadT], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[A, PayloadT], PayloadT, ReturnT]: ...
    @overload
    def define_job(  # type: ignore[overload-overlap]  # as above
        self, *, run: Callable[[A, B, PayloadT], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[A, B, PayloadT], PayloadT, ReturnT]: ...
    @overload
    def define_job(
        self, *, run: Callable[[A, PayloadT, B], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[[A, PayloadT, B], PayloadT, ReturnT]: ...
    @overload
    def define_job(
        self, *, run: Callable[Concatenate[PayloadT, P], ReturnT], **options: Unpack[JobOptions]
    ) -> Job[Concatenate[PayloadT, P], PayloadT, ReturnT]: ...
    def define_job(self, *, run: Callable[..., Any], **options: Unpack[JobOptions]) -> Job[..., Any, Any]:
        """`job` without the decorator: `run` is the function, the other options are the same."""
        return self.job(**options)(run)

    def _decorator(self, complete: Callable[[Callable[..., Any]], JobOptions]) -> JobDecorator:
        def decorate(fn: Callable[..., Any]) -> Job[..., Any, Any]:
            # Local names must be looked up here, while the user's function that holds the definition runs.
            return self._add(fn, complete(fn), caller_locals())

        return cast(JobDecorator, decorate)
