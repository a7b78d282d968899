"""The strands of a run: the asyncio tasks its code runs in, and what each of them is blocked on.

A run may leave the worker only when *every* strand waits for something durable. That is read from asyncio's
own objects: the future a strand is blocked on, the children of a `gather`, the members of a task group or of
`asyncio.wait`. Whatever is not recognised (a socket, a sleep, a lock) counts as work in progress: the run then
keeps its slot, which costs a little and is never wrong.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar
from functools import lru_cache
from types import CodeType, MethodType
from typing import Any

from mainspring.sdk.bridge import Returning
from mainspring.worker.stops import Guarded

Strand = asyncio.Task[Any]


class Ours(asyncio.Future[Any]):
    """A future that only the worker resolves. User code blocked on one is idle as far as it can tell."""


class WaitFuture(Ours):
    """What a durable wait blocks on; a run with nothing else to do may be parked."""


def settle(future: Ours) -> None:
    """Lets whoever is blocked on it go on, if it still is."""
    if not future.done():
        future.set_result(None)


class Strands:
    """The asyncio tasks of one passage through a run's body."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._all: set[Strand] = set()
        self._prune_at = 32
        #: Those that called `io`, with the body's: the ones that are ours to stop.
        self._touched: set[Strand] = set()

    def add(self, strand: Strand) -> None:
        """Called for every asyncio task made within the run."""
        self._all.add(strand)
        if len(self._all) > self._prune_at:
            self._all = {one for one in self._all if not one.done()}
            self._touched = {one for one in self._touched if not one.done()}
            self._prune_at = 2 * len(self._all) + 32

    def begin(self, strand: Strand) -> None:
        """The strand of the body itself."""
        self._all.add(strand)
        self._touched.add(strand)

    def touch(self) -> None:
        """The asyncio task we are in called `io`."""
        strand = asyncio.current_task(self._loop)
        if strand is not None and strand not in self._touched:
            self._all.add(strand)
            self._touched.add(strand)

    def is_single(self) -> bool:
        """Whether no more than one strand is alive: then no order can be mistaken."""
        if len(self._all) == 1:
            return True
        alive = 0
        gone = []
        for strand in self._all:
            if strand.done():
                gone.append(strand)
            else:
                alive += 1
                if alive == 2:
                    break
        self._all.difference_update(gone)
        return alive < 2

    # ── quiet ────────────────────────────────────────────────────────────────────────────────────────
    def are_blocked_on(self, kind: type[Ours]) -> bool:
        """Whether every strand waits, directly or through others, for futures of `kind` alone."""
        return all(strand.done() or self._is_blocked(strand, kind) for strand in self._all)

    def _is_blocked(self, strand: Strand, kind: type[Ours]) -> bool:
        future = getattr(strand, "_fut_waiter", None)
        if future is None or future.done():
            return False  # it runs now, or in the next turn
        return self._is_covered(future, kind) or self._awaits_group(strand, future, kind)

    def _is_covered(self, future: Any, kind: type[Ours]) -> bool:
        if isinstance(future, kind):
            return True
        if isinstance(future, asyncio.Task):
            return future in self._all  # and is looked at itself
        if isinstance(future, Returning):  # of a thread, which is idle while it waits for a strand
            return future.crossing.asked in self._all
        # Of a gather, which ends a moment after the last of them.
        children = getattr(future, "_children", None)
        left = [child for child in children or () if not child.done()]
        return bool(left) and all(self._is_covered(child, kind) for child in left)

    def _awaits_group(self, strand: Strand, future: Any, kind: type[Ours]) -> bool:
        for frame_code, variables in _suspended_frames(strand):
            if frame_code in _GROUP_CODES:
                group = variables["self"]
                if getattr(group, "_on_completed_fut", None) is future:
                    # One that is done is on its way out of the group: whoever waits goes on in a moment.
                    return all(self._is_open(one, kind) for one in getattr(group, "_tasks", ()))
            elif frame_code is _WAIT_CODE and variables.get("waiter") is future:
                if variables.get("timeout") is not None:
                    return False
                left = [one for one in variables["fs"] if not one.done()]
                # As many as asyncio counts, or one of them has just been done and is about to be noticed.
                return len(left) == variables["counter"] and all(self._is_covered(one, kind) for one in left)
        return False

    def _is_open(self, future: Any, kind: type[Ours]) -> bool:
        return not future.done() and self._is_covered(future, kind)

    def are_in_threads(self) -> bool:
        """Whether a plain `def` works in its thread now, and does not wait for anything asked of `io`."""
        return any(returning.crossing.asked is None for returning in self._returning())

    def hold_threads(self) -> bool:
        """Whether a plain `def` has a thread, at work or not."""
        return any(True for _ in self._returning())

    def _returning(self) -> Iterator[Returning]:
        for strand in self._all:
            future = None if strand.done() else getattr(strand, "_fut_waiter", None)
            if isinstance(future, Returning) and not future.done():
                yield future

    def count(self) -> int:
        """How many are alive."""
        return sum(not strand.done() for strand in self._all)

    def have_turns_at_work(self) -> bool:
        """Whether one of the functions that take turns in their threads (`sdk/branches.py`) is at its own."""
        waited = (getattr(strand, "_fut_waiter", None) for strand in self._all if not strand.done())
        return any(
            isinstance(future, Returning)  # perhaps done, and not noticed yet
            and future.crossing.begun is not None
            and future.crossing.asked is None
            for future in waited
        )

    def have_timeouts(self) -> bool:
        """Whether a strand is inside `asyncio.timeout` or its like: a timer runs that parking would lose."""
        return any(_has_open_timeout(strand) for strand in self._all if not strand.done())

    def forget(self) -> None:
        """The passage is over: what is still alive is none of ours."""
        self._all.clear()
        self._touched.clear()

    # ── stopping ─────────────────────────────────────────────────────────────────────────────────────
    def pending(self) -> list[Strand]:
        """The strands that are ours to stop and have not ended."""
        return [strand for strand in self._touched if not strand.done()]

    def cancel(self) -> None:
        """Asks every strand that is ours to stop. Others (a client library's reader, say) are left alone."""
        for strand in self.pending():
            strand.cancel()

    def when_over(self, callback: Callable[[], None], context: Context) -> None:
        """Calls `callback` once every strand that is ours has ended."""
        left = self.pending()
        if not left:
            self._loop.call_soon(callback, context=context)
            return
        count = len(left)

        def ended(strand: Strand) -> None:
            nonlocal count
            if not strand.cancelled():
                strand.exception()  # seen: nobody else will look at it
            count -= 1
            if count == 0:
                self.when_over(callback, context)  # cleaning up may have begun new ones

        for strand in left:
            strand.add_done_callback(ended, context=context)


#: The run that new asyncio tasks belong to, inherited by context.
current_strands: ContextVar[Strands | None] = ContextVar("mainspring_strands", default=None)


def install_factory(loop: asyncio.AbstractEventLoop) -> None:
    """Makes `loop` tell runs of the asyncio tasks made within them; keeps the factory that was there."""
    present = loop.get_task_factory()
    if isinstance(present, _Factory):
        return
    loop.set_task_factory(_Factory(present))


class _Factory:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
        made = (
            asyncio.Task(coro, loop=loop, **options)
            if self._inner is None
            else self._inner(loop, coro, **options)
        )
        context = options.get("context")
        strands = current_strands.get() if context is None else context.get(current_strands)
        if strands is not None:
            strands.add(made)
        return made


# ── reading stacks ───────────────────────────────────────────────────────────────────────────────────
def _codes_of(*functions: Any) -> frozenset[CodeType]:
    return frozenset(function.__code__ for function in functions if function is not None)


_GROUP_CODES = _codes_of(asyncio.TaskGroup.__aexit__, getattr(asyncio.TaskGroup, "_aexit", None))
_WAIT_CODE: CodeType | None = getattr(getattr(asyncio.tasks, "_wait", None), "__code__", None)


def _coroutines(strand: Strand) -> Iterator[Any]:
    """The coroutines a strand is suspended in, the outermost first."""
    coro: Any = strand.get_coro()
    while coro is not None:
        if isinstance(coro, Guarded):
            coro = coro.coro
        yield coro
        coro = getattr(coro, "cr_await", None)


def _suspended_frames(strand: Strand) -> Iterator[tuple[CodeType, Any]]:
    """Code and variables of the coroutines a strand is suspended in."""
    for coro in _coroutines(strand):
        frame = getattr(coro, "cr_frame", None)
        if frame is not None and (frame.f_code in _GROUP_CODES or frame.f_code is _WAIT_CODE):
            yield frame.f_code, frame.f_locals


#: Packages whose cancel scopes hold a timer, under one of these names, while it runs.
_SCOPES = ("anyio", "async_timeout")
_SCOPE_TIMERS = ("_timeout_handle", "_timeout_handler")
_HERE = os.path.dirname(__file__)
_OUR_FOLDERS = tuple(os.path.join(os.path.dirname(_HERE), floor, "") for floor in ("sdk", "worker"))


def _has_open_timeout(strand: Strand) -> bool:
    """A suspended coroutine refers, on its stack, to the exits of the `with` blocks it is in."""
    for coro in _coroutines(strand):
        code = getattr(coro, "cr_code", None)
        if code is not None and _is_ours(code.co_filename):
            continue  # most of them are, and none is inside such a block
        for held in gc.get_referents(coro):
            # type() throughout: what a frame holds may be a proxy that objects to being asked.
            scope = held.__self__ if type(held) is MethodType else held
            kind: Any = type(scope)
            for name in _timers_of(kind):
                if getattr(scope, name, None) is not None:
                    return True
    return False


@lru_cache(maxsize=4096)
def _is_ours(path: str) -> bool:
    """Whether it is code of what lies between the body's asyncio task, user code, and what that is blocked on."""
    return path.startswith(_OUR_FOLDERS)


@lru_cache(maxsize=4096)
def _timers_of(kind: type[object]) -> tuple[str, ...]:
    """Under which names the timer of such a scope is found; none for nearly all that frames hold, dozens each time a
    run parks."""
    if issubclass(kind, asyncio.Timeout):
        return ("_timeout_handler",)
    return _SCOPE_TIMERS if kind.__module__.partition(".")[0] in _SCOPES else ()
