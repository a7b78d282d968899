"""Functions that a plain `def` gives to `io.parallel`, `io.map` and `io.wait_for_any`: each in a thread of its own.

They begin in the order in which they were given: the next one when the one before it has asked something of `io`
or has ended. So tasks in them get the same keys on every replay, as they do for coroutines.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from mainspring.sdk.bridge import Crossing, run_in_thread

#: Seconds that the next one waits for one that does something else first.
PATIENCE = 1.0


class Line:
    """The functions of one call of `io`. Made on the run's loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last: asyncio.Future[None] | None = None

    async def call(self, fn: Callable[[], Any]) -> Any:
        """What `fn` comes to, in a thread. Stands in line from the first turn of this coroutine."""
        before, begun = self._last, self._loop.create_future()
        self._last = begun
        try:
            if before is not None and not before.done():
                await asyncio.wait({before}, timeout=PATIENCE)
            crossing = Crossing(self._loop, begun)
            # Not queued: one that waits for days must not keep others from beginning.
            result = await run_in_thread(fn, is_queued=False, crossing=crossing)
        finally:
            if not begun.done():
                begun.set_result(None)
        return await result if inspect.isawaitable(result) else result
