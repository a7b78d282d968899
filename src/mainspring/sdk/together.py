"""Several things at once inside a run: all of them, some at a time, or the first. Sugar over plain asyncio.

What runs side by side is user code of the run's body, so durable tasks, waits and children in it are kept like
any other, and the run parks while only waits are left. Plain `def` code, which has no calls that have not begun,
gives functions: each is called in a thread, and they take turns like coroutines do.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from mainspring.errors import DefinitionError
from mainspring.sdk.branches import Line
from mainspring.sdk.bridge import is_async, is_for_thread
from mainspring.sdk.context import require_scope
from mainspring.sdk.task import TaskFunction

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
ItemT = TypeVar("ItemT")
ValueT_co = TypeVar("ValueT_co", covariant=True)


#: How the calls are given in `async def`, and in a plain `def`.
_WAITS = (
    'a=io.wait_for_event(...), b=io.wait("3 days")',
    'a=lambda: io.wait_for_event(...), b=lambda: io.wait("3 days")',
)
_CALLS = ("io.run_task(...), other()", "lambda: io.run_task(...), other")


@dataclass(frozen=True, slots=True)
class First(Generic[ValueT_co]):
    """What `io.wait_for_any` came to: the name of the wait that won, and what that returned."""

    key: str
    value: ValueT_co

    @property
    def payload(self) -> Any:
        """The payload of the event that won; None when what won was no event."""
        return getattr(self.value, "payload", None)


class Together:
    """The part of `io` that does several things at once."""

    async def wait_for_any(self, **waits: Awaitable[T]) -> First[T]:
        """The first of several waits to come through; the others are given up, on the server too.

        `first = await io.wait_for_any(paid=io.wait_for_event(...), late=io.wait("3 days"))`: then `first.key`
        is "paid" or "late", `first.value` what that wait returned (an Event, None). Whoever won wins again on
        replay. An error of the first to end (`WaitTimeout`) is raised here. Giving up the wait for a child
        leaves the child running.
        """
        require_scope("io.wait_for_any")
        calls = _checked(tuple(waits.values()), "io.wait_for_any", _WAITS)
        strands = {asyncio.ensure_future(call): key for key, call in zip(waits, calls, strict=True)}
        try:
            done, _ = await asyncio.wait(strands, return_when=asyncio.FIRST_COMPLETED)
            first = next(strand for strand in strands if strand in done)
            return First(strands[first], first.result())
        finally:
            for strand in strands:
                strand.cancel()
            await asyncio.gather(*strands, return_exceptions=True)

    # As for `asyncio.gather`, the types of the first few are told apart, though it is a list that comes back.
    @overload
    async def parallel(self, one: Awaitable[T1], two: Awaitable[T2], /) -> tuple[T1, T2]: ...
    @overload
    async def parallel(
        self, one: Awaitable[T1], two: Awaitable[T2], three: Awaitable[T3], /
    ) -> tuple[T1, T2, T3]: ...
    @overload
    async def parallel(
        self, one: Awaitable[T1], two: Awaitable[T2], three: Awaitable[T3], four: Awaitable[T4], /
    ) -> tuple[T1, T2, T3, T4]: ...
    @overload
    async def parallel(self, *calls: Awaitable[T]) -> list[T]: ...
    async def parallel(self, *calls: Awaitable[Any]) -> Any:
        """All of these at once: `a, b = await io.parallel(first(), second())`; the results in this order.

        When one fails the others are cancelled, and its error is raised.
        """
        require_scope("io.parallel")
        return await _all(_checked(calls, "io.parallel", _CALLS, may_be_none=True))

    async def map(
        self, fn: Callable[[ItemT], Awaitable[T]], items: Iterable[ItemT], *, limit: int = 10
    ) -> list[T]:
        """`fn(item)` for every item, at most `limit` at once; the results in the order of the items.

        `fn` is an async function, a @task, or a lambda that calls one. Items begin in order, so the tasks in
        them get the same keys on every replay. When one fails the others are cancelled, and its error is raised.
        """
        require_scope("io.map")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise DefinitionError(f"the limit of io.map is {limit!r}", mend="Give a whole number from 1.")
        queue = list(items)
        results: list[Any] = [None] * len(queue)
        numbered = iter(enumerate(queue))
        # A plain function of a plain `def` calls `io` without await.
        line = Line() if is_for_thread() and not (is_async(fn) or isinstance(fn, TaskFunction)) else None

        async def take() -> None:
            for index, item in numbered:
                if line is not None:
                    results[index] = await line.call(functools.partial(fn, item))
                    continue
                call = fn(item)
                if not isinstance(call, Awaitable):
                    raise DefinitionError(
                        f"io.map got {fn!r:.80}, which returned no awaitable",
                        mend="Make it a @task, or give lambda item: io.run_task(key, fn, item).",
                    )
                results[index] = await call

        await _all([take() for _ in range(min(limit, len(queue)))])
        return results


async def _all(calls: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    failed: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            strands = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        failed = errors.exceptions[0]
    if failed is not None:
        raise failed  # outside the block, so that the group does not stand in its traceback
    return [strand.result() for strand in strands]


async def _awaited(call: Awaitable[T]) -> T:
    return await call


def _checked(
    calls: tuple[Any, ...], what: str, examples: tuple[str, str], *, may_be_none: bool = False
) -> list[Coroutine[Any, Any, Any]]:
    """All of them as coroutines. Nothing has begun yet when one of them cannot be one."""
    wrong = [call for call in calls if not isinstance(call, Awaitable) and not callable(call)]
    if not wrong and (calls or may_be_none):
        line = Line()
        return [_awaited(call) if isinstance(call, Awaitable) else line.call(call) for call in calls]
    for call in calls:
        if asyncio.iscoroutine(call):
            call.close()
    got = f"{wrong[0]!r:.80}, which cannot be awaited" if wrong else "nothing to wait for"
    if wrong and is_for_thread():
        got = f"{wrong[0]!r:.80}, which is no function: what was to be called has been called already"
    raise DefinitionError(f"{what} got {got}", mend=f"Call it like {what}({examples[is_for_thread()]}).")
