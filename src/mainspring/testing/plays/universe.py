"""One process, one thread, many nodes: each has an event loop of its own, and one seed says which of them goes next.

Time is virtual and moves only when no node has anything to do. A node that is killed simply never goes on: its
coroutines stay where they are. A node that is frozen goes on when it is thawed.
"""

import asyncio
import contextlib
import heapq
import random
from asyncio import events
from collections.abc import Callable
from itertools import count
from typing import Any

from mainspring.clock import SECOND

#: 2026-01-01T00:00:00Z
BEGIN = 1_767_225_600_000_000
#: Turns of nodes after which a seed counts as going round in circles; most need two thousand.
MOST_TURNS = 40_000
#: A time of the loops (seconds, float) counts as come when it is this near.
_NEAR = 1e-9


class Killed(KeyboardInterrupt):
    """The node that raised this is dead. Nothing that user code catches: `except Exception` lets it pass."""


class Numbered:
    """Hashed by number, not by address: so that a set of them has the same order when the seed is played again."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class NumberedTask(Numbered, asyncio.Task[Any]):
    """An asyncio task of a node."""


class NumberedFuture(Numbered, asyncio.Future[Any]):
    """A future of a node."""


class Loop(asyncio.BaseEventLoop):
    """The loop of one node. Nobody runs it for ever: `go` runs what is ready now."""

    def __init__(self, universe: "Universe") -> None:
        super().__init__()
        self._universe = universe
        self.set_task_factory(self._make_task)

    def _make_task(self, loop: Any, coro: Any, **options: Any) -> NumberedTask:
        made = NumberedTask(coro, loop=self, **options)
        made.number = self._universe.next_number()
        return made

    def create_future(self) -> NumberedFuture:
        made = NumberedFuture(loop=self)
        made.number = self._universe.next_number()
        return made

    def time(self) -> float:
        return self._universe.now / SECOND

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def is_running(self) -> bool:
        return events._get_running_loop() is self

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """What a thread would do is done in a turn of its own."""
        future = self.create_future()

        def call() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)

        self.call_soon(call)
        return future

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._universe.asked(callback)
        return handle

    def next_at(self) -> int | None:
        """When it has something to do, in microseconds; None when it has nothing."""
        if self._ready:  # type: ignore[attr-defined]
            return 0
        scheduled: list[Any] = self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        return int((scheduled[0]._when - _NEAR) * SECOND) + 1 if scheduled else None

    def go(self, is_dead: Callable[[], bool]) -> None:
        """Runs whatever is ready, once."""
        ready: Any = self._ready  # type: ignore[attr-defined]
        scheduled: list[Any] = self._scheduled  # type: ignore[attr-defined]
        until = self.time() + _NEAR
        while scheduled and scheduled[0]._when <= until:
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            if not handle._cancelled:
                ready.append(handle)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
                self._universe.rest()
                if is_dead():
                    return

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._universe.complain(context)


class Node:
    """A process: a server copy, a worker, a sender."""

    def __init__(self, universe: "Universe", name: str) -> None:
        self.universe = universe
        self.name = name
        #: The process it belongs to, if it is not one itself but a thread.
        self.process: Node = self
        self.loop = Loop(universe)
        self.is_dead = False
        self.frozen_until = 0
        #: Whose key it holds: the environment it speaks for.
        self.environment_id = ""
        #: How wrong this machine's wall clock is.
        self.offset = 0
        #: Called when it dies.
        self.on_death: list[Callable[[], None]] = []

    def kill(self) -> None:
        if not self.is_dead:
            self.is_dead = True
            self.universe.note("dies", self.name)
            for callback in self.on_death:
                callback()

    def freeze(self, until: int) -> None:
        """It does nothing until then."""
        self.frozen_until = until

    def spawn(self, coro: Any) -> "asyncio.Task[Any]":
        """Begins a coroutine on this node's loop."""
        return self.loop.create_task(coro)


class NodeClock:
    """What a node believes the time to be."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def now(self) -> int:
        return BEGIN + self._node.universe.now + self._node.process.offset

    def monotonic(self) -> int:
        return self._node.universe.now

    async def sleep(self, delay: int) -> None:
        if delay <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        timer = loop.call_later(delay / SECOND, _finish, over)
        try:
            await over
        finally:
            timer.cancel()


def _finish(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class Universe:
    """All nodes, and what happens between them."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        #: Microseconds since the begin: everybody's monotonic clock.
        self.now = 0
        self.nodes: list[Node] = []
        self.current: Node | None = None
        #: What happened, in order: for the hash that says whether two runs were the same.
        self.trace: list[tuple[Any, ...]] = []
        self.turns = 0
        self.most_turns = MOST_TURNS
        self._live: list[Node] = []
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = count()
        self.complaints: list[dict[str, Any]] = []
        #: Laws that were broken. Raised here: what is raised in a node may be caught there.
        self.violations: list[AssertionError] = []

    def asked(self, callback: Any) -> None:
        """Something was put in a loop's line that may come from a thread."""

    def rest(self) -> None:
        """Called after each turn of anything: threads that it stirred may have to be waited for."""

    def next_number(self) -> int:
        return next(self._count)

    def note(self, *what: Any) -> None:
        self.trace.append((self.now, *what))

    def complain(self, context: dict[str, Any]) -> None:
        """Something nobody caught."""
        self.complaints.append(context)

    def node(self, name: str) -> Node:
        node = Node(self, name)
        self.nodes.append(node)
        self._live.append(node)
        return node

    def after(self, delay: int, act: Callable[[], None]) -> None:
        """Between the nodes: a message arrives, a fault strikes."""
        heapq.heappush(self._due, (self.now + max(0, delay), next(self._count), act))

    def run(self, until: int, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Lets everything happen up to that time; True when it was over before."""
        while not is_over():
            if self.violations:
                raise self.violations[0]
            node = self._next(until)
            if node is not None:
                self.turns += 1
                if self.turns > self.most_turns:
                    raise AssertionError(f"I5: it goes round in circles, now on {node.name}")
                self._go(node)
            elif self._due and self._due[0][0] <= self.now:
                heapq.heappop(self._due)[2]()
            elif self.now >= until:
                return False
        return True

    def _next(self, until: int) -> Node | None:
        """A node that has something to do; else moves the time to when there is something."""
        soonest = until
        if self._due:
            at = self._due[0][0]
            if at <= self.now:
                return None
            soonest = min(soonest, at)
        ready = []
        for node in self._live:
            if node.is_dead:
                self._live = [one for one in self._live if not one.is_dead]
                return self._next(until)
            at_ = node.loop.next_at()
            if at_ is None:
                continue
            if node.frozen_until > at_:
                at_ = node.frozen_until
            if at_ <= self.now:
                ready.append(node)
            elif at_ < soonest:
                soonest = at_
        if not ready:
            self.now = max(self.now, soonest)
            return None
        return self.choose(ready)

    def choose(self, ready: list[Node]) -> Node:
        """Which of those that have something to do goes next."""
        return ready[0] if len(ready) == 1 else self.random.choice(ready)

    def _go(self, node: Node) -> None:
        self.current = node
        events._set_running_loop(node.loop)
        try:
            node.loop.go(lambda: node.is_dead)
        except Killed:
            node.kill()
        finally:
            events._set_running_loop(None)
            self.current = None

    def close(self) -> None:
        """Ends what is suspended anywhere, here and now: collected some time later it would speak then."""
        for node in self.nodes:
            node.is_dead = True
        pending = [one for node in self.nodes for one in asyncio.all_tasks(node.loop)]
        for one in sorted(pending, key=hash):
            one._log_destroy_pending = False  # type: ignore[attr-defined]
            with contextlib.suppress(BaseException):
                one.get_coro().close()
        for node in self.nodes:
            node.loop._ready.clear()  # type: ignore[attr-defined]
            node.loop._scheduled.clear()  # type: ignore[attr-defined]
            node.loop._closed = True  # type: ignore[attr-defined]
