"""Effects that the test shows us: how many there are now, and which task's function had them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

#: A list that grows with every effect (a fake's charges, say), or a function that returns one, or their number.
Effects = Sequence[Any] | Callable[[], Sequence[Any] | int]

#: Number of the run, and key of the task; "" for code outside tasks.
Place = tuple[int, str]


class Probe:
    """Looks at the effects before and after every task's function, and says whose the new ones are."""

    def __init__(self, effects: Effects | None) -> None:
        self._effects = effects
        self._seen = self._count()
        self.by_place: Counter[Place] = Counter()

    def _count(self) -> int:
        found = self._effects() if callable(self._effects) else self._effects
        if found is None:
            return 0
        return found if isinstance(found, int) else len(found)

    def look(self, place: Place) -> None:
        """What is new since the last look is of this place."""
        if self._effects is not None:
            count = self._count()
            if count > self._seen:
                self.by_place[place] += count - self._seen
            self._seen = count  # it may also have been cleared
