"""Retries as people write them, and the one decision about a failed attempt: again, when, or never."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mainspring.clock import Instant, from_datetime
from mainspring.duration import Duration, parse_duration
from mainspring.errors import (
    ApiError,
    ConfigurationError,
    DatabaseUnavailable,
    DataError,
    DefinitionError,
    InvalidRetry,
    LimitExceeded,
    MainspringError,
    NonRetryable,
    NotInRun,
    RateLimited,
    RetryAfter,
    RunFailed,
    ServerUnavailable,
    TaskFailed,
    WaitTimeout,
    WrongLoop,
)
from mainspring.model.retry import RetryPolicy
from mainspring.sdk.http_errors import retry_after_of, status_of

ErrorTypes = type[BaseException] | Iterable[type[BaseException]]

#: Answers that the same request would only get again.
FINAL_STATUSES = frozenset({400, 401, 403, 404, 422})

#: Our own errors that a second try cannot mend: what they report is final, or lies in the code or the data.
_FINAL_ERRORS: tuple[type[MainspringError], ...] = (
    ConfigurationError,
    DataError,
    DefinitionError,
    LimitExceeded,
    NotInRun,
    RunFailed,
    TaskFailed,
    WaitTimeout,
    WrongLoop,
)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when a failed task, or a job's body, is tried again.

    `max_attempts` counts the first try too. The pause before attempt n + 1 is picked at random between 0 and
    `min_delay * factor ** (n - 1)`, at most `max_delay`; without `jitter` it is that value itself.
    `retry_on`: only these errors are retried (HTTP statuses are then not looked at).
    `give_up_on`: these never are. Both take an exception class or several. Raises `InvalidRetry`.
    """

    max_attempts: int = 3
    min_delay: Duration = "1s"
    max_delay: Duration = "1 minute"
    factor: float = 2
    jitter: bool = True
    retry_on: ErrorTypes | None = None
    give_up_on: ErrorTypes | None = None
    #: The same as the server knows it: only numbers.
    policy: RetryPolicy = field(init=False, repr=False, compare=False)
    retried: tuple[type[BaseException], ...] | None = field(init=False, repr=False, compare=False)
    given_up: tuple[type[BaseException], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        policy = RetryPolicy(
            max_attempts=_attempts(self.max_attempts),
            min_delay=parse_duration(self.min_delay),
            max_delay=parse_duration(self.max_delay),
            factor=self.factor,
            jitter=self.jitter,
        )
        object.__setattr__(self, "policy", policy)
        retried = None if self.retry_on is None else _error_types("retry_on", self.retry_on)
        object.__setattr__(self, "retried", retried)
        given_up = () if self.give_up_on is None else _error_types("give_up_on", self.give_up_on)
        object.__setattr__(self, "given_up", given_up)


def _attempts(value: int) -> int:
    """0 and 1 both mean one attempt."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRetry(f"max_attempts is {value!r}, but it counts attempts: 1, 2, 3, ...")
    return max(value, 1)


def _error_types(name: str, value: ErrorTypes) -> tuple[type[BaseException], ...]:
    types = (value,) if isinstance(value, type) else tuple(value)
    for one in types:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise InvalidRetry(f"{name} takes exception classes, not {one!r}")
    return types


#: What tasks and jobs get that say nothing.
DEFAULT_RETRY = Retry()


def as_retry(value: Retry | int | None) -> Retry | None:
    """What `retry=` was given, as a Retry: an int is `max_attempts`. Raises `InvalidRetry`."""
    if value is None or isinstance(value, Retry):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRetry(f"retry is {value!r}")
    return Retry(max_attempts=value)


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """`delay`: microseconds until the next attempt; None: there is none, and `reason` says why."""

    delay: int | None
    reason: Literal[
        "backoff", "retry_after", "exhausted", "non_retryable", "given_up", "not_retried", "http_status"
    ]


def decide(error: BaseException, attempt: int, retry: Retry, random: float, now: Instant) -> RetryDecision:
    """What follows after `attempt` (from 1) failed with `error`.

    `random` in [0, 1) is the jitter's dice; `now` is what datetimes in RetryAfter and headers are measured
    against. Of an exception group, the final error decides if there is one, else the longest pause.
    """
    if isinstance(error, BaseExceptionGroup):
        decisions = [decide(one, attempt, retry, random, now) for one in error.exceptions]
        return next((d for d in decisions if d.delay is None), max(decisions, key=lambda d: d.delay or 0))
    final = _final_reason(error, retry, now)
    if final is not None:
        return RetryDecision(None, final)
    if attempt >= retry.policy.max_attempts:
        return RetryDecision(None, "exhausted")
    asked = _asked_delay(error, now)
    if asked is not None:
        return RetryDecision(asked, "retry_after")
    return RetryDecision(retry.policy.delay(attempt, random), "backoff")


_Final = Literal["non_retryable", "given_up", "not_retried", "http_status"]


def _final_reason(error: BaseException, retry: Retry, now: Instant) -> _Final | None:
    """Why no further attempt can be right, whatever their number. What the user spelt out goes first."""
    if isinstance(error, NonRetryable):
        return "non_retryable"
    if isinstance(error, retry.given_up):
        return "given_up"
    if isinstance(error, RetryAfter):
        return None
    if retry.retried is not None:
        return None if isinstance(error, retry.retried) else "not_retried"
    if isinstance(error, _FINAL_ERRORS) and not isinstance(error, DatabaseUnavailable):
        return "non_retryable"
    if isinstance(error, MainspringError):
        return "http_status" if isinstance(error, ApiError) and error.status in FINAL_STATUSES else None
    # A server that names a time to come back (GitHub does so with 403) means it.
    if status_of(error) in FINAL_STATUSES and retry_after_of(error, now) is None:
        return "http_status"
    return None


def _asked_delay(error: BaseException, now: Instant) -> int | None:
    """Microseconds that the error itself asks to wait."""
    if isinstance(error, RetryAfter):
        if isinstance(error.delay, datetime):
            return max(0, from_datetime(error.delay) - now)
        return parse_duration(error.delay)
    if isinstance(error, RateLimited | ServerUnavailable):
        seconds = getattr(error, "retry_after", None)
        return None if seconds is None else max(0, round(seconds * 1_000_000))
    return retry_after_of(error, now)
