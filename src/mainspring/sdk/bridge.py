"""The only crossing between async and blocking code: plain `def` functions run in threads, and call back.

A thread sees the run it works for (contextvars are copied into it). What it asks of `io` there is done on the
run's event loop while the thread waits.
"""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import inspect
import os
import sys
import threading
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, TypeVar

from mainspring.errors import ControlFlow, NotInRun, RunCancelled, RunSuspended, WrongLoop
from mainspring.sdk.context import scope_or_none
from mainspring.sdk.threads import enter, leave, pool

T = TypeVar("T")

#: Seconds that a function whose call back was refused gets to end, before things go on without it.
_CLOSING = 1.0

_END: Any = object()


class Crossing:
    """One function at work in a thread. Closing it refuses its further calls back to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, begun: "asyncio.Future[None] | None" = None) -> None:
        """`begun`: this is one of several that take turns; resolved when it asks for something."""
        self.loop = loop
        self.begun = begun
        #: Of the function that asked for this one.
        self._outer = _crossing.get()
        self._lock = threading.Lock()
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self.is_closed = False
        #: Made by who waits for that: it costs more than all the rest of this, and nearly nobody does.
        self._told: threading.Event | None = None
        self._reason: BaseException | None = None
        self._home: int | None = None
        #: Where the function's own code is at work, for as long as it is; and whether that was interrupted.
        self._at_work: int | None = None
        self._is_interrupted = False
        self._asked: asyncio.Task[Any] | None = None
        #: The function's own thread is inside `call`: it ends soon after that is refused.
        self.is_asking = False

    @property
    def asked(self) -> asyncio.Task[Any] | None:
        """On the loop: the call back that the function's thread is blocked on; None while its own code works."""
        return None if self._asked is None or self._asked.done() else self._asked

    def begin(self) -> None:
        """In the thread, before the function is called. Others that it starts may call back, too."""
        self._home = threading.get_ident()

    def work(self, fn: Callable[[], T]) -> T:
        """In the thread: `fn()`, which may be interrupted."""
        try:
            with self._lock:
                if self._is_interrupted:
                    raise RunCancelled("the run was cancelled before this began")
                self._at_work = threading.get_ident()
            return fn()
        finally:
            self._leave()

    def _leave(self) -> None:
        """What was to interrupt the function, and has not come to it yet, must not meet whoever works here next."""
        with self._lock:
            self._at_work = None
            if self._is_interrupted:
                _raise_in(threading.get_ident(), None)

    def interrupt(self) -> bool:
        """On the loop: raise `RunCancelled` in the function's own code, as soon as Python runs there: not while it
        is inside a call of the system. Once, so that its cleaning up is left in peace. False: it is not at work."""
        with self._lock:
            if self._is_interrupted or self.is_asking:
                return False
            self._is_interrupted = True
            if self._at_work is None:  # not yet, and then it never will be; or not any more
                return False
            _raise_in(self._at_work, RunCancelled)
            return True

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """In the thread: do `coroutine` on the loop and wait for its result."""
        is_home = threading.get_ident() == self._home
        with self._lock:
            if self.is_closed:
                coroutine.close()
                raise self._refusal()
            future = asyncio.run_coroutine_threadsafe(self._noted(coroutine, is_home), self.loop)
            self._calls.add(future)
            self.is_asking = self.is_asking or is_home
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            # An Exception here, though what cancelled it was no error of this thread: nothing to be caught.
            self._hear_why()
            raise self._refusal() from None
        finally:
            with self._lock:
                self._calls.discard(future)
                self.is_asking = self.is_asking and not is_home

    async def _noted(self, coroutine: Coroutine[Any, Any, T], is_home: bool) -> T:
        if is_home:
            self._asked = asyncio.current_task()
            if self.begun is not None and not self.begun.done():
                self.begun.set_result(None)
        return await coroutine

    def close(self, reason: BaseException | None = None) -> None:
        """On the loop: the run is over for this thread; what it waits for is cancelled."""
        with self._lock:
            if self.is_closed:
                return
            self._reason = reason
            self.is_closed = True
            calls, told = tuple(self._calls), self._told
        if told is not None:
            told.set()
        for call in calls:
            call.cancel()

    def _hear_why(self) -> None:
        """In the thread: a call back was cancelled, and who did that is about to say why."""
        with self._lock:
            if self.is_closed:
                return
            told = self._told = self._told or threading.Event()
        told.wait(_CLOSING)

    def _refusal(self) -> ControlFlow:
        """A fresh error, for an exception is raised in one thread."""
        if isinstance(self._reason, ControlFlow):
            return type(self._reason)(self._reason.message)
        if self._outer is not None and self._outer.is_closed:
            return self._outer._refusal()
        return RunSuspended("the run went on without this thread")


class Returning(asyncio.Future[Any]):
    """What the caller of a plain `def` is blocked on: that it returns."""

    crossing: Crossing


_crossing: contextvars.ContextVar[Crossing | None] = contextvars.ContextVar(
    "mainspring_crossing", default=None
)


def crossing_or_none() -> Crossing | None:
    """The crossing this code runs in: set in threads that work for a run, None on the event loop."""
    crossing = _crossing.get()
    # Otherwise on an event loop that user code started inside the thread, or our own called back.
    return crossing if crossing is not None and is_in_thread() else None


def is_for_thread() -> bool:
    """On the loop: whether what is done here was asked for by a thread that works for a run."""
    return _crossing.get() is not None


def is_in_thread() -> bool:
    """Whether this code runs where nothing can be awaited: in a thread without an event loop."""
    scope = scope_or_none()
    if scope is not None and scope.thread == threading.get_ident():
        return False  # as for nearly every use of `io`, each of which asks
    return asyncio._get_running_loop() is None


async def invoke(
    fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], *, is_queued: bool = True
) -> Any:
    """What a user's function comes to, `async def` or plain `def`; the latter in a thread."""
    if is_async(fn):
        return await fn(*args, **kwargs)
    result = await run_in_thread(functools.partial(fn, *args, **kwargs), is_queued=is_queued)
    # A lambda, say, that only makes the coroutine.
    return await result if inspect.isawaitable(result) else result


def is_async(fn: Callable[..., Any]) -> bool:
    """Whether calling `fn` makes a coroutine; also for partials and objects with an async `__call__`."""
    if type(fn) is types.FunctionType and fn.__code__.co_flags & inspect.CO_COROUTINE:
        return True  # as nearly all are; every attempt of a task asks
    if isinstance(fn, functools.partial):
        return is_async(fn.func)
    called = getattr(type(fn), "__call__", None)  # noqa: B004 -- the method itself is wanted
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(called)


async def run_in_thread(
    fn: Callable[[], T], *, is_queued: bool = True, crossing: Crossing | None = None
) -> T:
    """`fn()` in a thread, with this context; what it returns or raises.

    When this call is cancelled the thread's calls back are refused; it is interrupted if that is because the run was
    cancelled, and else left to end by itself.
    `is_queued`: at most `threads.MAX_THREADS` of these at once. A call from a thread that is already at work
    never queues behind others, so that nesting cannot lock itself up. `crossing`: one made for it.
    """
    loop = asyncio.get_running_loop()
    is_free = not is_queued or _crossing.get() is not None
    crossing = Crossing(loop) if crossing is None else crossing
    context = contextvars.copy_context()
    context.run(_crossing.set, crossing)
    done = Returning(loop=loop)
    done.crossing = crossing
    ended: asyncio.Future[None] = loop.create_future()

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            if not crossing.is_closed:  # cancelled before its turn came: never begun
                crossing.begin()
                result = context.run(crossing.work, fn)
        except StopIteration as stop:  # a future cannot carry it
            error = RuntimeError(f"the function raised StopIteration({stop.value!r})")
        except BaseException as raised:
            error = raised
        if not is_free:
            leave()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, done, ended, result, error)

    if is_free:
        pool.start(work)
    else:
        enter(work)
    try:
        result: T = await done
        return result
    except asyncio.CancelledError as reason:
        is_asking = crossing.is_asking
        crossing.close(reason)
        if is_asking or _interrupts(crossing):  # what it cleans up comes before whatever follows here
            await asyncio.wait({ended}, timeout=_CLOSING)
        raise
    finally:
        crossing.close()


def _interrupts(crossing: Crossing) -> bool:
    """Whether the run was cancelled, and the function's own code is told so."""
    scope = scope_or_none()
    return scope is not None and scope.runtime.is_cancelled() and crossing.interrupt()


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Python itself raises it there, between two of its instructions. None takes back what has not been raised."""
    import ctypes  # start-up cost: only needed once a run with a plain `def` is cancelled

    kind = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)


def _settle(
    done: "asyncio.Future[Any]", ended: "asyncio.Future[None]", result: Any, error: BaseException | None
) -> None:
    ended.set_result(None)
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


class _Loop:
    """An event loop in a thread of its own, for blocking calls from outside runs. Made with the first of them."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pid = os.getpid()
        threading.Thread(target=self.loop.run_forever, name="mainspring-sync", daemon=True).start()


_loop: _Loop | None = None
_loop_lock = threading.Lock()


def wait_for(coroutine: Coroutine[Any, Any, T], call: str) -> T:
    """`coroutine`'s result, waited for in whatever thread this is. `WrongLoop` where that would block a loop.

    In the thread of a plain `def` job or task it is done on the run's loop, as a part of the run.
    """
    if not is_in_thread():
        coroutine.close()
        raise WrongLoop(
            f"{call} would block the event loop that it was called on",
            mend=f"In async code leave out `sync` and await: `await {call.replace('.sync', '')}`.",
        )
    crossing = _crossing.get()
    if crossing is not None:
        return crossing.call(coroutine)
    future = asyncio.run_coroutine_threadsafe(coroutine, _background())
    try:
        return future.result()
    except BaseException:
        future.cancel()  # ctrl-C: nobody waits for it any more
        raise


def iterate(left: AsyncGenerator[T, None], call: str) -> Generator[T, None, None]:
    """What `left` brings, for a plain `for`. It is asked for one piece at a time, so that nothing heaps up for a
    slow reader, and closed when the loop over it is left."""
    crossing = _crossing.get()
    try:
        while (one := wait_for(_next_of(left), call)) is not _END:
            yield one
    finally:
        _close(left, _background() if crossing is None else crossing.loop)


def _close(left: AsyncGenerator[Any, None], loop: asyncio.AbstractEventLoop) -> None:
    """From wherever the reader stopped: that may be its garbage collection, on any thread, at the very end."""
    if loop.is_closed():
        return
    closed = asyncio.run_coroutine_threadsafe(_closed(left), loop)
    if is_in_thread() and not sys.is_finalizing():
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            closed.result(_CLOSING)


async def _next_of(left: AsyncGenerator[Any, None]) -> Any:
    return await anext(left, _END)


async def _closed(left: AsyncGenerator[Any, None]) -> None:
    with contextlib.suppress(RuntimeError):  # it is being asked for more: that was cancelled, and closes it
        await left.aclose()


def _background() -> asyncio.AbstractEventLoop:
    """The loop of this process: a fork does not inherit the thread of its parent's."""
    global _loop
    with _loop_lock:
        if _loop is None or _loop.pid != os.getpid():
            _loop = _Loop()
        return _loop.loop


def blocking(value: Any) -> Any:
    """An attribute of `io` as a thread sees it: what would be awaited is waited for, and its result returned."""
    if inspect.ismethod(value):

        def call(*args: Any, **kwargs: Any) -> Any:
            result = value(*args, **kwargs)
            crossing = crossing_or_none()
            if not inspect.iscoroutine(result):
                return result
            if crossing is None:  # a thread that nobody told of a run, so that nobody would await it
                result.close()
                raise NotInRun(
                    f"io.{value.__name__} was called in a thread that does not belong to a run",
                    mend="Start its work with contextvars.copy_context().run(fn), or call it inside a job.",
                )
            return crossing.call(result)

        return call
    if type(value).__module__.startswith("mainspring.sdk."):
        return _Blocking(value)
    return value


class _Blocking:
    """A part of `io` (its store, metadata, ...) as a thread sees it."""

    def __init__(self, part: Any) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        return blocking(getattr(self._part, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._part(*args, **kwargs)
