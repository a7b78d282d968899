"""Durations: what people write, what is refused with a hint, and what is shown."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import DAY, HOUR, MINUTE, SECOND
from mainspring.duration import MAX_DURATION, WEEK, format_duration, parse_duration
from mainspring.errors import InvalidDuration


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("3 seconds", 3 * SECOND),
        ("1h30m", HOUR + 30 * MINUTE),
        ("2 days, 4 hours", 2 * DAY + 4 * HOUR),
        ("1 hour and 5 minutes", HOUR + 5 * MINUTE),
        ("1 week", WEEK),
        ("250ms", 250_000),
        ("250µs", 250),
        ("1.5 h", HOUR + 30 * MINUTE),
        ("0.1 days", 8_640 * SECOND),
        ("1 MINUTE", MINUTE),
        ("0s", 0),
        ("PT90S", 90 * SECOND),
        ("P1DT2H", DAY + 2 * HOUR),
        ("PT1.5S", 1_500_000),
        ("P2W", 2 * WEEK),
        ("pt1m", MINUTE),
        (2.5, 2_500_000),
        (90, 90 * SECOND),
        (0, 0),
        (timedelta(days=2, microseconds=5), 2 * DAY + 5),
    ],
)
def test_durations_are_understood(written: Any, span: int) -> None:
    assert parse_duration(written) == span


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("30", 'Say the unit, like "30 seconds"'),
        ("5M", 'Write "m" for minutes'),
        ("1 month", "Write it in days"),
        ("P1Y", "Write it in days"),
        ("P1M", "Write it in days"),
        ("1:30", 'Write it like "1h30m"'),
        ("-3 seconds", "cannot be negative"),
        (-1, "cannot be negative"),
        (timedelta(seconds=-1), "cannot be negative"),
        ("5 parsecs", "'parsecs' is not a unit of time"),
        ("1h 2h", "same unit twice"),
        ("", "empty"),
        ("soon", "Write it like"),
        ("3 seconds!", "Write it like"),
        ("PT", "ISO 8601"),
        ("P", "ISO 8601"),
        ("P1DT", "ISO 8601"),
        (True, "not a duration"),
        (None, "not a duration"),
        (float("nan"), "not a duration"),
        (float("inf"), "not a duration"),
        ("101 years", "Write it in days"),
        ("36526 days", "longer than 100 years"),
        ("9" * 5_000 + "s", "longer than 100 years"),
        (1e300, "longer than 100 years"),
    ],
)
def test_anything_else_is_refused_with_a_hint(written: Any, hint: str) -> None:
    with pytest.raises(InvalidDuration) as caught:
        parse_duration(written)
    assert hint in str(caught.value)
    assert len(str(caught.value)) < 250


def test_an_invalid_duration_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="soon"):
        parse_duration("soon")


@given(st.text(max_size=30))
def test_no_text_brings_down_the_parser(text: str) -> None:
    try:
        span = parse_duration(text)
    except InvalidDuration:
        return
    assert 0 <= span <= MAX_DURATION


@given(st.integers(0, 200), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_words_letters_and_iso_mean_the_same(days: int, hours: int, minutes: int, seconds: int) -> None:
    span = parse_duration(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
    assert parse_duration(f"{days} days, {hours} hours, {minutes} minutes and {seconds} seconds") == span
    assert parse_duration(f"{days}d{hours}h{minutes}m{seconds}s") == span
    assert parse_duration(f"P{days}DT{hours}H{minutes}M{seconds}S") == span


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (0, "0s"),
        (250, "250µs"),
        (340_000, "340ms"),
        (999_600, "1s"),
        (SECOND, "1s"),
        (3_240_000, "3.2s"),
        (38 * SECOND, "38s"),
        (59_600_000, "1m"),
        (98 * SECOND, "1m 38s"),
        (2 * HOUR + 5 * MINUTE + 9 * SECOND, "2h 5m"),
        (3 * DAY + 4 * HOUR, "3d 4h"),
        (7 * DAY, "7d"),
        (-98 * SECOND, "-1m 38s"),
    ],
)
def test_spans_are_shown_to_two_units(span: int, shown: str) -> None:
    assert format_duration(span) == shown


@given(st.integers(0, MAX_DURATION // 2))
def test_what_is_shown_can_be_read_and_is_close(span: int) -> None:
    assert abs(parse_duration(format_duration(span)) - span) <= max(span * 0.05, 500)
