"""Retry as a rule: how many attempts there are, and how long the pause before the next one is."""

import math
from dataclasses import dataclass

from mainspring.clock import MINUTE, SECOND
from mainspring.errors import InvalidRetry


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential pauses with full jitter. Delays are microseconds; `max_attempts` counts the first try."""

    max_attempts: int = 3
    min_delay: int = 1 * SECOND
    max_delay: int = 1 * MINUTE
    factor: float = 2.0
    jitter: bool = True

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise InvalidRetry(
                f"max_attempts is {self.max_attempts}; the first try counts, so it is at least 1"
            )
        if self.min_delay < 0:
            raise InvalidRetry("min_delay cannot be negative")
        if self.max_delay < self.min_delay:
            raise InvalidRetry("max_delay cannot be shorter than min_delay")
        if not (math.isfinite(self.factor) and self.factor >= 1):
            raise InvalidRetry(f"factor is {self.factor}; it must be 1 or more, so that pauses never shrink")

    def is_last(self, attempt: int) -> bool:
        """Whether attempt number `attempt` (from 1) is the last one."""
        return attempt >= self.max_attempts

    def cap(self, attempt: int) -> int:
        """The longest pause after failed attempt `attempt` (from 1)."""
        try:
            grown = self.min_delay * self.factor ** (attempt - 1)
        except OverflowError:
            return self.max_delay
        return int(min(grown, self.max_delay))

    def delay(self, attempt: int, random: float) -> int:
        """The pause after failed attempt `attempt` (from 1), `random` in [0, 1).

        Full jitter takes any part of the cap: callers that failed together must not come back together.
        """
        cap = self.cap(attempt)
        return int(cap * random) if self.jitter else cap
