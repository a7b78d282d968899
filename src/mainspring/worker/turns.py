"""The order in which results reach user code: one at a time, by position, the same on every replay.

Every result of a run has a position: 1, 2, 3, ... When several strands are alive, a result is handed out only
after user code has been idle for a few turns of the loop since the last one, on the first run and on replay
alike. So whoever won a race wins it again, and repeated keys are counted in the same order. A lone strand
needs no such care: it gets its result at once.
"""

import asyncio
import heapq
import itertools
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from mainspring.worker.strands import Ours, Strands

#: User code is idle after this many turns of the loop without a call or a result. A result passes from an
#: asyncio task through a gather or group to whoever awaits that in two turns, so this is some levels deep.
IDLE_TURNS = 10
#: Code that calls `io` in every turn for ever does not hold up results for ever.
MOST_TURNS = 10_000
#: Replay waits this long (seconds) for code between tasks (a plain HTTP request, say) to come to the call that
#: is next by position, before it takes it that the code has changed; it looks every so often.
PATIENCE = 1.0
_LOOK_EVERY = 0.01
_LOOK_AT_THREADS_EVERY = 0.001
#: Replayed results handed to a lone strand before other work of the loop gets its turn.
_BREATHE_EVERY = 64

_UNPOSITIONED = 1 << 62


class Turn:
    """One result on its way to user code."""

    __slots__ = ("assign", "error", "future", "is_ready", "order", "value", "watcher")

    def __init__(self, future: Ours, order: int) -> None:
        self.future = future
        self.order = order
        #: What user code gets, once `is_ready`: acknowledged, or known from before.
        self.value: Any = None
        self.error: BaseException | None = None
        self.is_ready = False
        #: For a result without a position: gives it one, when its turn comes.
        self.assign: Callable[[], int] | None = None
        self.watcher: Ours | None = None


class Turns:
    """Hands out the results of one passage. `intercept` is asked before each fresh result: True drops it,
    because the passage ends here. `idle` is called when user code is idle and nothing is ready for it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        strands: Strands,
        expected: Iterable[int],
        *,
        intercept: Callable[[], bool],
        idle: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._strands = strands
        #: Positions of finished tasks that the code is expected to ask for, and those it has asked for.
        self._expected = sorted(expected)
        self._asked: set[int] = set()
        self._next_expected = 0
        self._intercept = intercept
        self._idle = idle
        #: Results known from before, by position; those without one last, as they were asked for.
        self._parked: list[tuple[int, int, Turn]] = []
        self._count = itertools.count()
        #: Fresh results in the order of their positions, ready or not.
        self._fresh: deque[Turn] = deque()
        self._is_ticking = False
        self._turns_left = 0
        self._budget = 0
        self._gap_since: float | None = None
        self._at_work_since: float | None = None
        self._breath = 0
        self._context = Context()

    # ── results known from before ────────────────────────────────────────────────────────────────────
    async def replayed(self, position: int) -> None:
        """Returns when it is the turn of the finished task at `position`."""
        self._asked.add(position)
        if self._strands.is_single() and self.is_empty():
            await self._breathe()
            return
        await self._park(Turn(Ours(loop=self._loop), position))

    async def unpositioned(self, order: int, assign: Callable[[], int]) -> None:
        """Returns when it is the turn of a wait that resolved while nobody was there; `assign` is called for
        its position just before. `order` sorts those among each other."""
        if self._strands.is_single() and self.is_empty():
            assign()
            return
        turn = Turn(Ours(loop=self._loop), _UNPOSITIONED + order)
        turn.assign = assign
        await self._park(turn)

    async def _park(self, turn: Turn) -> None:
        heapq.heappush(self._parked, (turn.order, next(self._count), turn))
        self.wake()
        await turn.future

    async def _breathe(self) -> None:
        self._breath += 1
        if self._breath % _BREATHE_EVERY == 0:
            await asyncio.sleep(0)

    # ── fresh results ────────────────────────────────────────────────────────────────────────────────
    def open(self, position: int, future: Ours | None = None) -> Turn:
        """A result that got the next position. It stands in line from now on, also before it is ready."""
        turn = Turn(Ours(loop=self._loop) if future is None else future, position)
        self._fresh.append(turn)
        return turn

    def ready(self, turn: Turn, value: Any = None, error: BaseException | None = None) -> None:
        """The result is committed (or needs no commit): user code may have it when its turn comes."""
        turn.value, turn.error, turn.is_ready = value, error, True
        if turn.watcher is not None and not turn.watcher.done():
            turn.watcher.set_result(None)
        head = self._head()
        if head is None:
            self.wake()  # nobody wants it any more; the run may have nothing left to do
        elif self._strands.is_single():
            self._release(head)
        else:
            self.wake()

    async def take(self, turn: Turn) -> Any:
        """The result, in its turn. A strand that is cancelled meanwhile leaves only when the result is known to
        be kept, for nobody must ask for the same task again before that; unless it is cancelled once more."""
        try:
            await turn.future
        except asyncio.CancelledError:
            if not turn.is_ready and not self._is_over():
                turn.watcher = Ours(loop=self._loop)
                await turn.watcher
            raise
        if turn.error is not None:
            raise turn.error
        return turn.value

    def is_empty(self) -> bool:
        """Whether no result is on its way, acknowledged or not."""
        return self._head() is None and not self._fresh and not self._parked

    def is_last(self) -> bool:
        """Whether the result whose turn it is is the only one on its way."""
        return len(self._fresh) == 1 and self._fresh[0].is_ready and not self._parked

    # ── idleness ─────────────────────────────────────────────────────────────────────────────────────
    def stir(self) -> None:
        """User code did something."""
        self._turns_left = IDLE_TURNS

    def wake(self) -> None:
        """There is something to be done as soon as user code is idle."""
        if not self._is_ticking and not self._is_over():
            self._is_ticking = True
            self._turns_left, self._budget = IDLE_TURNS, MOST_TURNS
            self._loop.call_soon(self._tick, context=self._context)

    def close(self) -> None:
        """The passage is over: nothing is handed out any more."""
        self._parked.clear()
        self._fresh.clear()
        self._budget = -1

    def _is_over(self) -> bool:
        return self._budget < 0

    def _tick(self) -> None:
        if self._is_over():
            return
        self._turns_left -= 1
        self._budget -= 1
        if self._turns_left > 0 and self._budget > 0:
            self._loop.call_soon(self._tick, context=self._context)
            return
        self._is_ticking = False
        if self._must_wait_for_thread():
            return
        head = self._head()
        if head is None:
            self._idle()
        elif not self._must_wait_for_gap(head):
            self._release(head)
            self.wake()

    def _head(self) -> Turn | None:
        """The result to be handed out next, None when there is none or it is not acknowledged yet."""
        while self._parked and self._parked[0][2].future.done():
            heapq.heappop(self._parked)
        if self._parked:
            return self._parked[0][2]
        while self._fresh and self._fresh[0].future.done():
            self._fresh.popleft()
        return self._fresh[0] if self._fresh and self._fresh[0].is_ready else None

    def _release(self, turn: Turn) -> None:
        self._gap_since = self._at_work_since = None
        if turn.assign is not None:
            self._line_up(turn)
            return
        if self._fresh and self._fresh[0] is turn and self._intercept():
            return
        self.stir()
        turn.future.set_result(None)

    def _line_up(self, turn: Turn) -> None:
        """A wait that resolved in absence gets its position now, behind the fresh results that have theirs."""
        heapq.heappop(self._parked)
        assert turn.assign is not None
        turn.order = turn.assign()
        turn.assign = None
        self._fresh.append(turn)
        self.ready(turn)

    def _must_wait_for_thread(self) -> bool:
        """Whether a thread that got its result still works on it, so that the loop only seems idle."""
        if not self._strands.have_turns_at_work():
            self._at_work_since = None
            return False
        now = self._loop.time()
        if self._at_work_since is None:
            self._at_work_since = now
        if now - self._at_work_since > PATIENCE:
            return False
        self._loop.call_later(_LOOK_AT_THREADS_EVERY, self.wake, context=self._context)
        return True

    def _must_wait_for_gap(self, turn: Turn) -> bool:
        """Whether code that does something else now is still expected to ask for an earlier position."""
        expected, asked = self._expected, self._asked
        while self._next_expected < len(expected) and expected[self._next_expected] in asked:
            self._next_expected += 1
        due = bisect_right(expected, turn.order)
        if due <= self._next_expected:
            return False
        now = self._loop.time()
        if self._gap_since is None:
            self._gap_since = now
        if self._strands.are_blocked_on(Ours) or now - self._gap_since > PATIENCE:
            self._next_expected = due  # the code has changed: it does not come to them any more
            return False
        self._loop.call_later(_LOOK_EVERY, self.wake, context=self._context)
        return True
