"""A schedule: the few decisions by which a play differs from the calm one, by the names of their moments.

Made from a seed, written as text, and read again: `1/charge.returned=crash; 2/store-get.kept=>1`.
"""

import random
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from mainspring.errors import DefinitionError

#: What a schedule may put in a play's way, beside another order ("> n": run n goes on instead, and keeps going): a
#: worker dies, an attempt of a task fails, its function takes longer, an event is sent twice, or late.
Mischief = Literal["crash", "fail", "slow", "twice", "late"]
#: How much a seed likes them.
_LIKES = {"crash": 0.5, "fail": 0.5, "slow": 1.0, "twice": 1.0, "late": 1.0}
_MOST = (1, 1, 2, 3, 4, 6, 10)
#: A moment is decided upon no more often than this, however few there are.
_OFTEN = 0.5

_LATER = re.compile(r"(.*\.(?:taken|begins|ran|asked|kept|yields))#\d+$")
_ENTRY = re.compile(r"\s*(?P<moment>[^=;]+?)=(?P<choice>[^;]+?)\s*(;|$)")


class Schedule:
    """Asked at every moment what is to happen there. Without a seed it only does as it was written."""

    def __init__(self, decisions: dict[str, str] | None = None, without: Collection[Mischief] = ()) -> None:
        self.decisions = dict(decisions or {})
        self._without = without
        #: What was decided, in order.
        self.taken: dict[str, str] = {}
        #: Moments at which something could be decided.
        self.asked = 0

    def choose(self, moment: str, options: Sequence[str]) -> str | None:
        """One of the options, or None: nothing happens."""
        if self._without:
            options = [one for one in options if one.partition(" ")[0] not in self._without]
        if not options:
            return None
        self.asked += 1
        choice = self._decide(moment, options)
        if choice is not None:
            self.taken[moment] = choice
        return choice

    def _decide(self, moment: str, options: Sequence[str]) -> str | None:
        choice = self.decisions.get(moment)
        return choice if choice in options else None


class SeededSchedule(Schedule):
    """Decides by chance, the same for the same seed: a few times at most, anywhere in a play of that length."""

    def __init__(self, seed: int, length: int, without: Collection[Mischief] = ()) -> None:
        """`length`: how many moments the calm play has."""
        super().__init__(without=without)
        self._random = random.Random(f"schedule {seed}")
        self._left = self._random.choice(_MOST)
        self._rate = min(_OFTEN, (self._left + 1) / max(1, length))
        # Most seeds do without some sorts of mischief: what is left is seen more often, and by itself.
        self._likes = {sort: like * self._random.choice((0, 0, 1)) for sort, like in _LIKES.items()}

    def _decide(self, moment: str, options: Sequence[str]) -> str | None:
        likes = [1.0 if one.startswith(">") else self._likes[one.partition(" ")[0]] for one in options]
        if not self._left or self._random.random() >= self._rate or not any(likes):
            return None
        self._left -= 1
        return self._random.choices(options, likes)[0]


def sooner(decisions: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """One of them taken the first time that its moment comes, and not only later: alone, and with the others."""
    for index, (moment, choice) in enumerate(decisions):
        first = _LATER.match(moment)
        if first is not None:
            yield [(first[1], choice)]
            yield [*decisions[:index], (first[1], choice), *decisions[index + 1 :]]


def write_schedule(decisions: dict[str, str]) -> str:
    """As text on one line."""
    return "; ".join(f"{moment}={choice}" for moment, choice in decisions.items())


def read_schedule(text: str) -> dict[str, str]:
    """What `write_schedule` wrote. Raises `DefinitionError`."""
    decisions: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        found = _ENTRY.match(text, at)
        if found is None:
            raise DefinitionError(
                f"{text[at : at + 60]!r} is no part of a schedule",
                mend="Copy the whole line that a failing `explore` printed.",
            )
        decisions[found["moment"]] = found["choice"]
        at = found.end()
    return decisions
