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
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from mainspring.errors import ControlFlow, NotInRun, RunSuspended, WrongLoop

T = TypeVar("T")

#: Threads that work at once for tasks; more of them wait for their turn.
MAX_THREADS = 64
#: An idle thread ends after this many seconds.
_IDLE = 30.0
#: Seconds that a function whose call back was refused gets to end, before things go on without it.
_CLOSING = 1.0

Work = Callable[[], None]


class Crossing:
    """One function at work in a thread. Closing it refuses its further calls back to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._lock = threading.Lock()
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self._closed = threading.Event()
        self._reason: BaseException | None = None
        self._home: int | None = None
        self._asked: asyncio.Task[Any] | None = None
        #: The function's own thread is inside `call`: it ends soon after that is refused.
        self.is_asking = False

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    @property
    def asked(self) -> asyncio.Task[Any] | None:
        """On the loop: the call back that the function's thread is blocked on; None while its own code works."""
        return None if self._asked is None or self._asked.done() else self._asked

    def begin(self) -> None:
        """In the thread, before the function is called. Others that it starts may call back, too."""
        self._home = threading.get_ident()

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
            self._closed.wait(_CLOSING)  # whoever cancelled it is about to say why
            raise self._refusal() from None
        finally:
            with self._lock:
                self._calls.discard(future)
                self.is_asking = self.is_asking and not is_home

    async def _noted(self, coroutine: Coroutine[Any, Any, T], is_home: bool) -> T:
        if is_home:
            self._asked = asyncio.current_task()
        return await coroutine

    def close(self, reason: BaseException | None = None) -> None:
        """On the loop: the run is over for this thread; what it waits for is cancelled."""
        with self._lock:
            if self.is_closed:
                return
            self._reason = reason
            self._closed.set()
            calls = tuple(self._calls)
        for call in calls:
            call.cancel()

    def _refusal(self) -> ControlFlow:
        """A fresh error, for an exception is raised in one thread."""
        if isinstance(self._reason, ControlFlow):
            return type(self._reason)(self._reason.message)
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


def is_in_thread() -> bool:
    """Whether this code runs where nothing can be awaited: in a thread without an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


class _Threads:
    """Idle daemon threads, used again. Daemons, because user code that hangs must not hold up the exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: deque[_Thread] = deque()

    def start(self, work: Work) -> None:
        with self._lock:
            thread = self._idle.pop() if self._idle else None
            if thread is not None:
                thread.give(work)
                return
        _Thread(self, work).start()

    def rest(self, thread: "_Thread") -> None:
        with self._lock:
            self._idle.append(thread)

    def retire(self, thread: "_Thread") -> bool:
        """True: nobody has given it work, and nobody will."""
        with self._lock:
            if thread in self._idle:
                self._idle.remove(thread)
                return True
            return False


class _Thread(threading.Thread):
    def __init__(self, home: _Threads, work: Work) -> None:
        super().__init__(name="mainspring-def", daemon=True)
        self._home = home
        self._work: Work | None = work
        self._is_given = threading.Event()

    def give(self, work: Work) -> None:
        self._work = work
        self._is_given.set()

    def run(self) -> None:
        while True:
            work, self._work = self._work, None
            if work is not None:
                work()
                del work  # keeps nothing of the run alive while idle
            self._is_given.clear()
            self._home.rest(self)
            if not self._is_given.wait(_IDLE) and self._home.retire(self):
                return
            self._is_given.wait()


_threads = _Threads()
_working = 0
_turns: deque[Callable[[], None]] = deque()
_turn_lock = threading.Lock()


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
    if isinstance(fn, functools.partial):
        return is_async(fn.func)
    called = getattr(type(fn), "__call__", None)  # noqa: B004 -- the method itself is wanted
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(called)


async def run_in_thread(fn: Callable[[], T], *, is_queued: bool = True) -> T:
    """`fn()` in a thread, with this context; what it returns or raises.

    When this call is cancelled the thread is left to end by itself, and its calls back are refused.
    `is_queued`: at most `MAX_THREADS` of these at once. A call from a thread that is already at work never
    queues behind others, so that nesting cannot lock itself up.
    """
    loop = asyncio.get_running_loop()
    is_free = not is_queued or _crossing.get() is not None
    crossing = Crossing(loop)
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
                result = context.run(fn)
        except StopIteration as stop:  # a future cannot carry it
            error = RuntimeError(f"the function raised StopIteration({stop.value!r})")
        except BaseException as raised:
            error = raised
        if not is_free:
            _leave()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, done, ended, result, error)

    if is_free:
        _threads.start(work)
    else:
        _enter(work)
    try:
        result: T = await done
        return result
    except asyncio.CancelledError as reason:
        is_asking = crossing.is_asking
        crossing.close(reason)
        if is_asking:  # it is refused there: what it cleans up comes before whatever follows here
            await asyncio.wait({ended}, timeout=_CLOSING)
        raise
    finally:
        crossing.close()


def _enter(work: Work) -> None:
    """Start now, or when one of those at work has left."""
    global _working
    with _turn_lock:
        if _working >= MAX_THREADS:
            _turns.append(work)
            return
        _working += 1
    _threads.start(work)


def _leave() -> None:
    global _working
    with _turn_lock:
        following = _turns.popleft() if _turns else None
        if following is None:
            _working -= 1
    if following is not None:
        _threads.start(following)


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
