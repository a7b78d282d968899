"""Asking again: pauses that grow, and one line in the log when the server is away and one when it is back."""

import logging
import random

from mainspring.clock import SECOND, Clock
from mainspring.errors import MainspringError

log = logging.getLogger("mainspring.worker")

FIRST_PAUSE, LONGEST_PAUSE = 50_000, 2 * SECOND
#: Unanswered requests before it is said aloud: a restart of the server is nobody's worry.
_SAID_AFTER = 5


def is_passing(error: Exception) -> bool:
    """Whether the same request may be taken when it is sent again: nobody answered, or the server is unwell.

    Errors that are not ours are bugs somewhere; they are logged, and the request is sent again all the same,
    for the runs are worth more.
    """
    if isinstance(error, MainspringError):
        return error.status == 429 or error.status >= 500
    return True


class Patience:
    """One request that is sent until it is answered."""

    def __init__(self, clock: Clock, what: str) -> None:
        self._clock = clock
        self._what = what
        self._count = 0
        self._pause = FIRST_PAUSE

    async def wait(self, error: Exception) -> None:
        """After a failure, for which this was the `error`: returns when it is time to ask again."""
        self._count += 1
        if not isinstance(error, MainspringError):
            log.error("%s failed unexpectedly and is sent again", self._what, exc_info=error)
        elif self._count == _SAID_AFTER:
            log.warning("%s gets no answer, still trying: %s", self._what, error)
        await self._clock.sleep(int(self._pause * random.uniform(0.5, 1.0)))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def answered(self) -> None:
        """It went through after all."""
        if self._count >= _SAID_AFTER:
            log.warning("the server answers again")
        self._count, self._pause = 0, FIRST_PAUSE
