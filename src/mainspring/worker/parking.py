"""When a run may leave the worker: as soon as all of its code waits for durable waits, and not before."""

from collections.abc import Callable
from contextvars import Context

from mainspring.worker.passage import Passage

#: Code that does something on its own beside its waits (a plain sleep, a request) gives no word when that is
#: over: it is looked at again after these many seconds, then after twice as many, ...
_FIRST_LOOK, _LONGEST_LOOK = 0.05, 1.0


class Parking:
    """Watches one passage. `park` is called with the keys it waits for; `stuck` with the key of a wait that
    nothing will ever resolve, when the code waits for such alone."""

    def __init__(
        self, passage: Passage, park: Callable[[tuple[str, ...]], None], stuck: Callable[[str], None]
    ) -> None:
        self._passage = passage
        self._park = park
        self._stuck = stuck
        self._context = Context()
        self._is_due = False
        self._look_in = _FIRST_LOOK
        self._is_looking = False

    def consider(self) -> None:
        """Something changed. Looks as soon as user code is idle."""
        passage = self._passage
        if not (passage.waiters or passage.hopeless) or passage.stop is not None:
            return
        self._look_in = _FIRST_LOOK
        if not passage.strands.is_single():
            passage.turns.wake()
        elif not self._is_due:
            self._is_due = True
            passage.loop.call_soon(self._now, context=self._context)

    def _now(self) -> None:
        self._is_due = False
        self.look()

    def look(self) -> None:
        """Parks the run if it is quiet."""
        passage = self._passage
        if passage.stop is not None or passage.is_leaving or passage.parking is not None:
            return
        if not (passage.waiters or passage.hopeless):
            return
        if not passage.is_quiet():
            self.look_later()
        elif passage.waiters:
            self._park(tuple(passage.waiters))
        else:
            self._stuck(next(iter(passage.hopeless)))

    def look_later(self) -> None:
        """What keeps the run busy gives no word when it is over."""
        if not self._is_looking:
            self._is_looking = True
            self._passage.loop.call_later(self._look_in, self._looked, context=self._context)
            self._look_in = min(2 * self._look_in, _LONGEST_LOOK)

    def _looked(self) -> None:
        self._is_looking = False
        self.look()
