"""Retries: what people may write, and what is decided about a failed attempt."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring import NonRetryable, Retry, RetryAfter
from mainspring.clock import MINUTE, SECOND, from_iso, to_datetime
from mainspring.errors import (
    Conflict,
    DatabaseUnavailable,
    InvalidRetry,
    NotFound,
    PayloadInvalid,
    RateLimited,
    RunFailed,
    ServerUnavailable,
    TaskFailed,
    TaskTimeout,
    Unserialisable,
    WaitTimeout,
)
from mainspring.sdk.http_errors import retry_after_of, status_of
from mainspring.sdk.retry import DEFAULT_RETRY, RetryDecision, as_retry, decide

NOW = from_iso("2026-01-01T00:00:00Z")
PLAIN = Retry(jitter=False)


def after(error: BaseException, attempt: int = 1, retry: Retry = PLAIN) -> RetryDecision:
    return decide(error, attempt, retry, 0.5, NOW)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_number_is_max_attempts_and_none_or_one_means_once() -> None:
    assert [as_retry(count).policy.max_attempts for count in (0, 1, 5)] == [1, 1, 5]  # type: ignore[union-attr]
    assert as_retry(None) is None
    assert as_retry(PLAIN) is PLAIN
    assert Retry(max_attempts=0).policy.max_attempts == 1


def test_the_default_is_three_attempts_with_full_jitter() -> None:
    assert DEFAULT_RETRY.policy.max_attempts == 3
    assert (DEFAULT_RETRY.policy.min_delay, DEFAULT_RETRY.policy.max_delay) == (SECOND, MINUTE)
    assert decide(ValueError(), 1, DEFAULT_RETRY, 0.25, NOW).delay == SECOND // 4


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": -1},
        {"max_attempts": True},
        {"max_attempts": 1.5},
        {"factor": 0.5},
        {"min_delay": "1m", "max_delay": "1s"},
        {"retry_on": "ValueError"},
        {"give_up_on": [ValueError, 3]},
    ],
)
def test_a_bad_retry_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRetry):
        Retry(**options)


def test_delays_are_durations() -> None:
    policy = Retry(min_delay=timedelta(seconds=2), max_delay="1 hour").policy
    assert (policy.min_delay, policy.max_delay) == (2 * SECOND, 60 * MINUTE)


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────
def test_pauses_grow_and_attempts_run_out() -> None:
    assert [after(ValueError(), attempt).delay for attempt in (1, 2)] == [SECOND, 2 * SECOND]
    assert after(ValueError(), 3) == RetryDecision(None, "exhausted")


def test_non_retryable_ends_at_once_whatever_the_retry_says() -> None:
    retry = Retry(max_attempts=9, retry_on=NonRetryable)
    assert after(NonRetryable("no"), 1, retry) == RetryDecision(None, "non_retryable")


def test_give_up_on_goes_before_retry_on() -> None:
    retry = Retry(retry_on=(OSError,), give_up_on=[FileNotFoundError], jitter=False)
    assert after(OSError(), 1, retry).reason == "backoff"
    assert after(FileNotFoundError(), 1, retry) == RetryDecision(None, "given_up")
    assert after(ValueError(), 1, retry) == RetryDecision(None, "not_retried")


def test_retry_after_sets_the_time_of_the_next_attempt() -> None:
    assert after(RetryAfter("30s", "busy")) == RetryDecision(30 * SECOND, "retry_after")
    assert after(RetryAfter(to_datetime(NOW + MINUTE))).delay == MINUTE
    assert after(RetryAfter(to_datetime(NOW - MINUTE))).delay == 0
    assert after(RetryAfter("30s"), attempt=3).reason == "exhausted"
    assert after(RetryAfter("30s"), 1, Retry(retry_on=OSError)).delay == 30 * SECOND


@pytest.mark.parametrize(
    "error",
    [
        Unserialisable("x"),
        PayloadInvalid("x"),
        TaskFailed("x"),
        RunFailed("x"),
        WaitTimeout("x"),
        NotFound("x"),
    ],
)
def test_our_own_errors_that_stay_as_they_are_end_it(error: Exception) -> None:
    assert after(error).delay is None


@pytest.mark.parametrize(
    "error",
    [
        ServerUnavailable("x"),
        DatabaseUnavailable("x"),  # as a client inside the platform's own process says it
        Conflict("x"),
        TaskTimeout("x"),
        TimeoutError(),
    ],
    ids=repr,
)
def test_others_are_tried_again(error: Exception) -> None:
    assert after(error).reason == "backoff"


def test_our_rate_limit_is_honoured() -> None:
    assert after(RateLimited("x", retry_after=2.5)).delay == 2_500_000


def test_of_a_group_the_final_error_decides_else_the_longest_pause() -> None:
    group = ExceptionGroup("both", [ValueError(), ExceptionGroup("in", [RetryAfter("9s")])])
    assert after(group).delay == 9 * SECOND
    assert after(ExceptionGroup("both", [ValueError(), TaskFailed("x")])).delay is None


@given(st.integers(1, 20), st.integers(1, 20), st.floats(0, 1, exclude_max=True))
def test_a_next_attempt_comes_exactly_while_there_are_attempts_left(
    attempt: int, most: int, dice: float
) -> None:
    decision = decide(ValueError(), attempt, Retry(max_attempts=most), dice, NOW)
    assert (decision.delay is not None) == (attempt < most)


# ── HTTP libraries ───────────────────────────────────────────────────────────────────────────────────
class FalseResponse:
    """As requests has it: an answer of 4xx is false."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status_code, self.headers = status, headers

    def __bool__(self) -> bool:
        return False


class RequestsLike(Exception):
    def __init__(self, status: int, **headers: str) -> None:
        self.response = FalseResponse(
            status, {name.replace("_", "-"): text for name, text in headers.items()}
        )


class AiohttpLike(Exception):
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status, self.headers = status, headers


class OpenAILike(RequestsLike):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(status, **headers)
        self.status_code = status


def from_httpx(status: int, **headers: str) -> httpx2.HTTPStatusError:
    request = httpx2.Request("GET", "http://x")
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx2.HTTPStatusError("no", request=request, response=httpx2.Response(status, headers=given))


@pytest.mark.parametrize("make", [from_httpx, RequestsLike, AiohttpLike, OpenAILike])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_statuses_that_would_only_come_again_are_not_retried(make: Any, status: int) -> None:
    assert status_of(make(status)) == status
    assert after(make(status)) == RetryDecision(None, "http_status")


@pytest.mark.parametrize("make", [from_httpx, RequestsLike, AiohttpLike, OpenAILike])
@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
def test_other_statuses_are(make: Any, status: int) -> None:
    assert after(make(status)).reason == "backoff"


def test_retry_after_is_honoured_in_seconds_and_dates() -> None:
    assert after(from_httpx(429, Retry_After="7")) == RetryDecision(7 * SECOND, "retry_after")
    assert after(RequestsLike(503, retry_after="1.5")).delay == 1_500_000
    assert after(AiohttpLike(429, {"RETRY-AFTER": "Thu, 01 Jan 2026 00:02:00 GMT"})).delay == 2 * MINUTE
    assert after(OpenAILike(429, retry_after_ms="250", retry_after="9")).delay == 250_000
    assert after(from_httpx(503, Retry_After="Wed, 31 Dec 2025 00:00:00 GMT")).delay == 0
    assert after(from_httpx(429, Retry_After="7"), attempt=3).reason == "exhausted"


def test_a_server_that_names_a_time_means_it_even_with_403() -> None:
    assert after(from_httpx(403, Retry_After="60")).delay == MINUTE


@pytest.mark.parametrize("text", ["soon", "-5", "nan", "inf", "1e30", "", "Thu, 99 Jan 2026", "\x00"])
def test_a_header_that_says_nothing_is_left_alone(text: str) -> None:
    assert retry_after_of(AiohttpLike(429, {"Retry-After": text}), NOW) is None
    assert after(AiohttpLike(429, {"Retry-After": text})).reason == "backoff"


def test_retry_on_is_asked_before_the_status() -> None:
    assert after(from_httpx(404), 1, Retry(retry_on=httpx2.HTTPStatusError, jitter=False)).reason == "backoff"


def test_an_error_with_odd_attributes_is_just_an_error() -> None:
    class Odd(Exception):
        status = "404"
        headers = 3

        @property
        def response(self) -> Any:
            raise RuntimeError("no response")

    assert status_of(Odd()) is None
    assert after(Odd()).reason == "backoff"
