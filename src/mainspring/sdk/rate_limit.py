"""`RateLimit`: how often a job may start; what is too many is refused."""

from dataclasses import dataclass, replace
from typing import Any

from mainspring.errors import InvalidQueue
from mainspring.model.jobs import StartLimit
from mainspring.model.queues import parse_rate, path_mend


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`client.job(rate_limit=RateLimit("100/hour", key="customer.id"))`: more starts than that are refused with
    `RateLimited`, and more events start no run.

    `rate` is "100/hour" or "5 per 10 seconds"; so many may come at once, and one more whenever a part of the span is
    over. `key` is a path into the payload: each value there has a rate of its own. A queue's rate lets runs wait.
    """

    rate: str
    key: str | None = None


def read_start_limit(given: Any, what: str) -> StartLimit | None:
    """`rate_limit=` of a job: a text or a `RateLimit`. Raises `InvalidQueue`."""
    if given is None:
        return None
    said = RateLimit(given) if isinstance(given, str) else given
    if not isinstance(said, RateLimit):
        raise InvalidQueue(
            f"the rate_limit of {what} is {given!r:.80}",
            mend='Give "100/hour", or RateLimit("100/hour", key=...).',
        )
    if said.key is not None and (mend := path_mend(said.key)):
        raise InvalidQueue(f"the key of the rate_limit of {what} is {said.key!r:.80}", mend=mend)
    rate = parse_rate(said.rate)
    return StartLimit(rate if "burst" in said.rate else replace(rate, burst=rate.limit), said.key)
