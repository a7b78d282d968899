"""`@task`: functions that are durable tasks when they are called inside a run, and just run elsewhere."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.effects import Effect
from mainspring.sdk.annotations import restorer_of, underlying
from mainspring.sdk.breakers import CircuitBreaker, check_given
from mainspring.sdk.bridge import crossing_or_none, is_async
from mainspring.sdk.context import Scope, scope_or_none
from mainspring.sdk.doubt import Reconcile, check_effect
from mainspring.sdk.isolation import Isolation, check_isolation, check_sendable
from mainspring.sdk.keys import check_key
from mainspring.sdk.retry import Retry, as_retry
from mainspring.sdk.runtime import TaskCall

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Q = ParamSpec("Q")


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """How a task runs and how it is shown; checked when it is written. Spans are microseconds."""

    key: str | None = None
    retry: Retry | None = None
    timeout: int | None = None
    name: str | None = None
    icon: str | None = None
    properties: Mapping[str, Any] | None = None
    params: Any = None
    idempotency_key: str | None = None
    isolation: Isolation | None = None
    memory_limit: int | None = None
    effect: Effect | None = None
    reconcile: Reconcile[Any] | None = None
    breaker: CircuitBreaker | None = None

    def overridden(self, by: "TaskOptions") -> "TaskOptions":
        """These options, replaced by those that `by` gives."""
        given = {one.name: getattr(by, one.name) for one in fields(by) if getattr(by, one.name) is not None}
        return replace(self, **given)


def prepared(call: TaskCall) -> TaskCall:
    """The call as the runtime takes it; of a task function, with its options where it says nothing itself."""
    if call.isolation is not None or call.memory_limit is not None:
        check_isolation(call.isolation, call.memory_limit, f"io.run_task('{call.key}')")
    if isinstance(call.fn, TaskFunction):
        call.fn.complete(call)
    if call.effect is not None or call.reconcile is not None:
        check_effect(call.effect, call.reconcile, f"task '{call.key}'")
    if call.breaker is not None:
        check_given(call.breaker, f"task '{call.key}'")
    if call.isolation is not None:
        check_sendable(call.fn, call.isolation, f"task '{call.key}'")
    call.restore = restorer_of(call.fn)
    return call


#: The options that a call has too; `key` it has of its own.
_CALL_OPTIONS = tuple(one.name for one in fields(TaskOptions) if one.name != "key")


def span_of(timeout: Duration | None) -> int | None:
    """A task's `timeout=` in microseconds."""
    return None if timeout is None else parse_duration(timeout)


class TaskFunction(Generic[P, R]):
    """A function under `@task`. `fn` is the function as it was written."""

    __name__: str

    def __init__(self, fn: Callable[..., Any], options: TaskOptions) -> None:
        self.fn = fn
        self._options = options
        functools.update_wrapper(self, fn)

    def __repr__(self) -> str:
        return f"<task {self.key}>"

    @property
    def key(self) -> str:
        """The key of its calls: the function's name unless `options` gave another."""
        return self._options.key or str(getattr(underlying(self.fn), "__name__", "task"))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """`await` it: a durable task inside a run, a plain call elsewhere.

        Without an event loop around (a plain `def` job or task, a script) a `def` task needs no await: the
        call waits and returns the result itself.
        """
        scope = scope_or_none()
        crossing = crossing_or_none()
        if scope is not None and crossing is not None:
            result: Any = crossing.call(self._durable(scope, args, kwargs))
            return result  # type: ignore[no-any-return]
        if scope is not None:
            return self._durable(scope, args, kwargs)
        if is_async(self.fn) or _in_loop():
            return self._plain(args, kwargs)
        plain: Any = self.fn(*args, **kwargs)
        return plain  # type: ignore[no-any-return]

    def options(
        self,
        *,
        key: str | None = None,
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
    ) -> "TaskFunction[P, R]":
        """The same task with other options; what is not given stays. `render.options(key="cover")(doc)`."""
        given = TaskOptions(
            key=None if key is None else check_key(key, f"{self.key}.options"),
            retry=as_retry(retry),
            timeout=span_of(timeout),
            name=name,
            icon=icon,
            properties=properties,
            params=params,
            idempotency_key=idempotency_key,
            isolation=check_isolation(isolation, memory_limit, f"{self.key}.options"),
            memory_limit=memory_limit,
            effect=effect,
            reconcile=reconcile,
            breaker=check_given(breaker, f"{self.key}.options"),
        )
        options = self._options.overridden(given)
        check_effect(options.effect, options.reconcile, f"{self.key}.options")
        return TaskFunction(self.fn, options)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "TaskFunction[P, R]": ...
    @overload
    def __get__(
        self: "TaskFunction[Concatenate[S, Q], R]", instance: S, owner: type[Any] | None = None
    ) -> "TaskFunction[Q, R]": ...
    def __get__(self, instance: Any, owner: Any = None) -> "TaskFunction[..., R]":
        """A method under `@task` is bound like any other."""
        if instance is None:
            return self
        return TaskFunction(self.fn.__get__(instance, owner), self._options)

    def complete(self, call: TaskCall) -> None:
        """Makes it a call of this task: what it does not say is as the task's own options have it."""
        call.fn = self.fn
        for name in _CALL_OPTIONS:
            if getattr(call, name) is None:
                setattr(call, name, getattr(self._options, name))

    async def _durable(self, scope: Scope, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> R:
        result: R = await scope.runtime.run_task(prepared(TaskCall(self.key, self, args, kwargs)))
        return result

    async def _plain(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> R:
        result: R = await self.fn(*args, **kwargs) if is_async(self.fn) else self.fn(*args, **kwargs)
        return result


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class TaskDecorator:
    """What `@task(...)` with options returns."""

    def __init__(self, options: TaskOptions) -> None:
        self._options = options

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]]) -> TaskFunction[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R]) -> TaskFunction[P, R]: ...
    def __call__(self, fn: Callable[..., Any]) -> TaskFunction[..., Any]:
        if not callable(fn):
            raise DefinitionError(f"@task got {fn!r:.80} instead of a function", mend="Decorate a function.")
        return TaskFunction(fn, self._options)


@overload
def task(fn: Callable[P, Coroutine[Any, Any, R]], /) -> TaskFunction[P, R]: ...
@overload
def task(fn: Callable[P, R], /) -> TaskFunction[P, R]: ...
@overload
def task(
    *,
    key: str | None = None,
    retry: Retry | int | None = None,
    timeout: Duration | None = None,
    name: str | None = None,
    icon: str | None = None,
    properties: Mapping[str, Any] | None = None,
    isolation: Isolation | None = None,
    memory_limit: int | None = None,
    effect: Effect | None = None,
    reconcile: Reconcile[Any] | None = None,
    breaker: CircuitBreaker | None = None,
) -> TaskDecorator: ...
def task(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    key: str | None = None,
    retry: Retry | int | None = None,
    timeout: Duration | None = None,
    name: str | None = None,
    icon: str | None = None,
    properties: Mapping[str, Any] | None = None,
    isolation: Isolation | None = None,
    memory_limit: int | None = None,
    effect: Effect | None = None,
    reconcile: Reconcile[Any] | None = None,
    breaker: CircuitBreaker | None = None,
) -> Any:
    """Make a function a durable task wherever a run calls it; nested in the task that calls it, if any.

    Keyed by the function's name (`key=` gives another), repeated calls by `#2`, `#3`, ... `retry` as for
    `io.run_task` (3 attempts), `timeout` per attempt. The return annotation restores models and dataclasses.
    `isolation="process"`, `memory_limit`, `effect="once"`, `reconcile` and `breaker` as for `io.run_task`.
    """
    options = TaskOptions(
        key=None if key is None else check_key(key, "@task"),
        retry=as_retry(retry),
        timeout=span_of(timeout),
        name=name,
        icon=icon,
        properties=properties,
        isolation=check_isolation(isolation, memory_limit, "@task"),
        memory_limit=memory_limit,
        effect=check_effect(effect, reconcile, "@task"),
        reconcile=reconcile,
        breaker=check_given(breaker, "@task"),
    )
    decorator = TaskDecorator(options)
    return decorator if fn is None else decorator(fn)
