"""Lives: what would be a process of its own (a server, a worker), on one event loop, so that it can die unprepared.

Whatever a life begins carries it in its context: asyncio tasks, callbacks, connections, threads. When it ends,
none of its callbacks is ever called again, so no `finally`, no farewell and no flush comes to pass, and its
sockets are closed as the operating system would. That is kill -9, as far as code can tell.
"""

import asyncio
import logging
import warnings
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import WeakKeyDictionary, WeakSet


class Life:
    """One would-be process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_over = False
        self.context: Context = copy_context()
        self.context.run(current_life.set, self)
        #: The asyncio tasks begun in it, kept alive past its end: collecting them would run their `finally`.
        self.begun: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.frozen: list[asyncio.Task[Any]] = []

    def __repr__(self) -> str:
        return f"<{self.name}{' (dead)' if self.is_over else ''}>"


#: None, explicitly, is the test's own: see `_inherit`.
current_life: ContextVar[Life | None] = ContextVar("scenario_life", default=None)


def is_dead(context: Context | None = None) -> bool:
    """Whether this context (or the one we are in) belongs to a life that is over."""
    life = current_life.get() if context is None else context.get(current_life)
    return life is not None and life.is_over


class Lives:
    """The lives on the running event loop, which is changed until `close`."""

    def __init__(self) -> None:
        loop: Any = asyncio.get_running_loop()
        self._loop = loop
        self._lives: list[Life] = []
        self._transports: WeakKeyDictionary[Any, Life] = WeakKeyDictionary()
        self._call_soon = loop.call_soon
        self._call_at = loop.call_at
        self._make_transport = loop._make_socket_transport
        self._factory = loop.get_task_factory()
        #: Grows with every callback: what tells a loop that works from one that waits.
        self.calls = 0
        self._watch: asyncio.Future[None] | None = None
        loop.call_soon = self._call_unless_dead
        loop.call_at = self._call_at_unless_dead
        loop._make_socket_transport = self._make_known_transport
        loop.set_task_factory(self._make_known_task)

    def begin(self, name: str) -> Life:
        life = Life(name)
        self._lives.append(life)
        return life

    def spawn(self, life: Life, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """`coro` in an asyncio task of this life."""
        spawned: asyncio.Task[Any] = self._loop.create_task(coro, context=life.context.copy())
        return spawned

    def end(self, life: Life) -> None:
        """Kill it."""
        if life.is_over:
            return
        life.is_over = True
        for handle in (*self._loop._ready, *self._loop._scheduled):
            if is_dead(handle._context):
                handle.cancel()
        for transport, owner in list(self._transports.items()):
            if owner is life:
                transport.abort()
        for key in list(self._loop._selector.get_map().values()):
            if any(handle is not None and is_dead(handle._context) for handle in key.data):
                self._loop.remove_reader(key.fd)
                self._loop.remove_writer(key.fd)
        life.frozen = [one for one in life.begun if not one.done()]
        for one in life.frozen:
            asyncio._unregister_task(one)  # or the loop would wait for it when it closes
            _hang_up(one.get_coro())

    def close(self) -> None:
        """Kill whoever lives, and give the loop back as it was."""
        for life in self._lives:
            self.end(life)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # some were never begun
            logging.disable()  # nobody is interested in the errors of the dead
            for life in self._lives:
                life.context.run(_bury, life)
            logging.disable(logging.NOTSET)
        self._loop.set_task_factory(self._factory)
        del self._loop.call_soon, self._loop.call_at, self._loop._make_socket_transport

    async def something_happens(self, at_most: float) -> None:
        """Returns when the loop is given something to do, or after `at_most` seconds."""
        self._watch = self._loop.create_future()
        await asyncio.wait({self._watch}, timeout=at_most)

    # ── what the loop does instead ───────────────────────────────────────────────────────────────────
    def _call_unless_dead(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        self.calls += 1
        watch, self._watch = self._watch, None
        if watch is not None and not watch.done():
            watch.set_result(None)
        _inherit(context)
        if is_dead(context):
            handle = asyncio.Handle(callback, args, self._loop, context)
            handle.cancel()
            return handle
        called: asyncio.Handle = self._call_soon(callback, *args, context=context)
        return called

    def _call_at_unless_dead(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        _inherit(context)
        handle: asyncio.TimerHandle = self._call_at(when, callback, *args, context=context)
        if is_dead(context):
            handle.cancel()
        return handle

    def _make_known_transport(self, *args: Any, **options: Any) -> Any:
        transport = self._make_transport(*args, **options)
        life = current_life.get()
        if life is not None:
            self._transports[transport] = life
        return transport

    def _make_known_task(self, loop: Any, coro: Any, **options: Any) -> Any:
        context = options.get("context")
        _inherit(context)
        made = asyncio.Task(coro, loop=loop, **options)
        life = current_life.get() if context is None else context.get(current_life)
        if life is not None:
            life.begun.add(made)
            made._log_destroy_pending = not life.is_over  # type: ignore[attr-defined]
        return made


def _inherit(context: Context | None) -> None:
    """A fresh context, made so that nothing of the caller's is seen in it, is still of the caller's life."""
    life = current_life.get()
    if context is not None and life is not None and current_life not in context:
        context.run(current_life.set, life)


def _bury(life: Life) -> None:
    """Closes the frozen coroutines, so that the garbage collector has nothing to complain about."""
    buried: set[asyncio.Task[Any]] = set()
    # What is closed may begin new ones in its `finally`.
    while left := {one for one in (*life.frozen, *life.begun) if not one.done()} - buried:
        for one in left:
            one._log_destroy_pending = False  # type: ignore[attr-defined]
            asyncio._unregister_task(one)
            _unhook(one)
            _close(one.get_coro())
        buried |= left
    life.frozen.clear()


def _unhook(one: asyncio.Task[Any]) -> None:
    """Whatever it waits for does not wake it: a thread may still bring that about, once nobody keeps watch."""
    future: Any = getattr(one, "_fut_waiter", None)
    for callback, context in tuple(getattr(future, "_callbacks", None) or ()):
        if is_dead(context):
            future.remove_done_callback(callback)


def _hang_up(coro: Any) -> None:
    """Closes a connection that was just being accepted: it has no transport yet."""
    frame = getattr(coro, "cr_frame", None)
    if frame is not None and frame.f_code.co_name == "_accept_connection2":
        frame.f_locals["conn"].close()


def _close(coro: Any) -> None:
    for _ in range(10):  # one that waits in a `finally` has to be closed again
        try:
            coro.close()
            return
        except BaseException:
            continue
