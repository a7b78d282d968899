"""Retry as a rule: pauses grow, stay within their bounds, and are spread."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import DAY, MINUTE, SECOND
from mainspring.errors import InvalidRetry
from mainspring.model.retry import RetryPolicy

policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 50),
    min_delay=st.integers(0, MINUTE),
    max_delay=st.integers(MINUTE, DAY),
    factor=st.floats(1, 100),
    jitter=st.booleans(),
)
chances = st.floats(0, 1, exclude_max=True)


def test_without_jitter_pauses_double_up_to_the_longest() -> None:
    policy = RetryPolicy(max_attempts=9, jitter=False)
    pauses = [policy.delay(attempt, 0.5) // SECOND for attempt in range(1, 9)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_full_jitter_takes_any_part_of_the_pause() -> None:
    policy = RetryPolicy()
    assert [policy.delay(2, chance) for chance in (0.0, 0.25, 0.5)] == [0, SECOND // 2, SECOND]


@given(policies, st.integers(1, 10_000), chances)
def test_pauses_stay_within_their_bounds(policy: RetryPolicy, attempt: int, chance: float) -> None:
    assert 0 <= policy.delay(attempt, chance) <= policy.max_delay
    assert policy.min_delay <= policy.cap(attempt) <= policy.cap(attempt + 1) <= policy.max_delay


@given(policies, st.integers(1, 60))
def test_the_last_attempt_is_the_number_given(policy: RetryPolicy, attempt: int) -> None:
    assert policy.is_last(attempt) is (attempt >= policy.max_attempts)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"max_attempts": 0}, "at least 1"),
        ({"min_delay": -1}, "cannot be negative"),
        ({"min_delay": 2 * MINUTE}, "cannot be shorter than min_delay"),
        ({"factor": 0.5}, "must be 1 or more"),
        ({"factor": float("nan")}, "must be 1 or more"),
        ({"factor": float("inf")}, "must be 1 or more"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidRetry, match=what):
        RetryPolicy(**options)
