"""Durations as people write them: "3 seconds", "1h30m", "PT90S", 2.5, a timedelta. Inside, microseconds."""

import math
import re
from datetime import timedelta
from functools import lru_cache

from mainspring.clock import DAY, HOUR, MINUTE, SECOND
from mainspring.errors import InvalidDuration

Duration = timedelta | int | float | str

WEEK = 7 * DAY
#: A hundred years. Keeps every instant within what calendars and 64-bit columns can hold.
MAX_DURATION = 36_525 * DAY

_NAMES = {
    1: ("us", "µs", "μs", "microsecond", "microseconds"),
    1_000: ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    SECOND: ("s", "sec", "secs", "second", "seconds"),
    MINUTE: ("m", "min", "mins", "minute", "minutes"),
    HOUR: ("h", "hr", "hrs", "hour", "hours"),
    DAY: ("d", "day", "days"),
    WEEK: ("w", "week", "weeks"),
}
_UNITS = {name: unit for unit, names in _NAMES.items() for name in names}
_LENGTH_VARIES = {"month", "months", "mo", "mon", "year", "years", "y", "yr", "yrs", "quarter", "quarters"}

_PART = re.compile(r"(?P<whole>\d+)(?:\.(?P<part>\d+))?\s*(?P<unit>[^\W\d_]+)")
_BETWEEN = re.compile(r"\s*(?:,\s*)?(?:and\s+)?")
_ISO = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)(?:[.,](?P<part>\d+))?S)?)?",
    re.IGNORECASE | re.ASCII,
)


#: Characters: longer texts are not kept in memory.
_SHORT = 32


def parse_duration(value: Duration) -> int:
    """Microseconds of a duration. InvalidDuration if it is ambiguous, negative or longer than 100 years."""
    if isinstance(value, timedelta):
        span = value // timedelta(microseconds=1)
    elif isinstance(value, bool):
        raise InvalidDuration(f"{value} is not a duration")
    elif isinstance(value, int):
        span = value * SECOND
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidDuration(f"{value} is not a duration")
        span = round(value * SECOND)
    elif isinstance(value, str):
        span = _parse_short(value) if len(value) <= _SHORT else _parse_text(value)
    else:
        raise InvalidDuration(f"a {type(value).__name__} is not a duration")
    if span < 0:
        raise InvalidDuration(f"a duration cannot be negative, and {value!r} is")
    if span > MAX_DURATION:
        raise InvalidDuration(f"{_shown(value)} is longer than 100 years")
    return span


def format_duration(span: int) -> str:
    """Microseconds for people, to two units: "250µs", "340ms", "3.2s", "1m 38s", "2h 5m", "3d 4h"."""
    if span < 0:
        return "-" + format_duration(-span)
    if span < 1_000:
        return f"{span}µs" if span else "0s"
    # Rounded to what is shown before the unit is chosen: 59.96 s is "1m", never "60s".
    if round(span, -3) < SECOND:
        return f"{round(span, -3) // 1_000}ms"
    if (tenths := round(span, -5)) < 10 * SECOND:
        return f"{tenths / SECOND:g}s"
    seconds = (span + SECOND // 2) // SECOND
    for big, big_name, small, small_name in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "m"),
        (MINUTE, "m", SECOND, "s"),
    ):
        if seconds * SECOND >= big:
            count, rest = divmod(seconds * SECOND, big)
            return f"{count}{big_name} {rest // small}{small_name}" if rest // small else f"{count}{big_name}"
    return f"{seconds}s"


@lru_cache(maxsize=256)
def _parse_short(text: str) -> int:
    """An app writes the same few texts again and again."""
    return _parse_text(text)


def _parse_text(text: str) -> int:
    clean = text.strip()
    if clean[:1] in ("P", "p"):
        return _parse_iso(clean)
    span, at, seen = 0, 0, set[int]()
    while at < len(clean):
        part = _PART.match(clean, at)
        if part is None:
            raise InvalidDuration(f"{_shown(text)} is not a duration", mend=_hint(clean))
        unit = _unit(part["unit"], text)
        if unit in seen:
            raise InvalidDuration(f"{_shown(text)} names the same unit twice")
        seen.add(unit)
        span += _scaled(part["whole"], part["part"], unit)
        at = _BETWEEN.match(clean, part.end()).end()  # type: ignore[union-attr] # it matches the empty text too
    if not seen:
        raise InvalidDuration("an empty text is not a duration")
    return span


def _parse_iso(text: str) -> int:
    parts = _ISO.fullmatch(text)
    if parts is None or len(text) < 3:
        if re.match(r"P\d+[YM]", text, re.IGNORECASE):
            raise InvalidDuration(
                f"{_shown(text)}: months and years differ in length", mend="Write it in days."
            )
        raise InvalidDuration(f"{_shown(text)} is not an ISO 8601 duration")
    span = _scaled(parts["s"] or "0", parts["part"], SECOND)
    for name, unit in (("w", WEEK), ("d", DAY), ("h", HOUR), ("m", MINUTE)):
        span += _scaled(parts[name] or "0", None, unit)
    return span


def _scaled(whole: str, part: str | None, unit: int) -> int:
    """In integers, so that "0.1 days" is exact. What is smaller than a microsecond is cut."""
    if len(whole) > 18:
        return MAX_DURATION + 1
    part = (part or "")[:18]
    return int(whole) * unit + int(part or "0") * unit // int("1" + "0" * len(part))


def _unit(name: str, text: str) -> int:
    if name == "M":
        raise InvalidDuration(
            f'{_shown(text)}: "M" could be minutes or months', mend='Write "m" for minutes.'
        )
    lower = name.lower()
    if lower in _LENGTH_VARIES:
        raise InvalidDuration(f"{_shown(text)}: months and years differ in length", mend="Write it in days.")
    if lower not in _UNITS:
        raise InvalidDuration(f"{_shown(text)}: {name!r} is not a unit of time")
    return _UNITS[lower]


def _hint(text: str) -> str | None:
    """A closer mend where the mistake is a common one."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return f'Say the unit, like "{text} seconds", or give the number itself for seconds.'
    if text.startswith("-"):
        return "A duration cannot be negative."
    if re.fullmatch(r"\d+:\d+(:\d+)?", text):
        return 'Write it like "1h30m".'
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
