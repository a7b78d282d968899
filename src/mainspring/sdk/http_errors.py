"""What an HTTP library's exception says: its status and Retry-After, read without importing any of them.

httpx2, httpx, requests and openai carry `error.response.status_code`; aiohttp carries `error.status` and
`error.headers`; botocore and others that fit neither are left alone.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from mainspring.clock import SECOND, Instant, from_datetime
from mainspring.errors import InvalidInstant

#: Nobody means to come back after more than this; a header that says so is noise.
_LONGEST = 30 * 24 * 3600 * SECOND


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the answer that `error` reports, None when it reports none."""
    response = _get(error, "response")
    for holder in (response, error):
        for name in ("status_code", "status"):
            value = _get(holder, name)
            if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
                return int(value)
    return None


def retry_after_of(error: BaseException, now: Instant) -> int | None:
    """Microseconds that the answer's Retry-After (or retry-after-ms) asks to wait; None without one.

    Understands seconds, with a fraction too, and HTTP dates, measured against `now`.
    """
    for holder in (_get(error, "response"), error):
        headers = _get(holder, "headers")
        if headers is None:
            continue
        millis = _number(_header(headers, "retry-after-ms"))
        if millis is not None:
            return _bounded(millis * 1_000)
        text = _header(headers, "retry-after")
        if text is not None:
            return _parse(text, now)
    return None


def _get(holder: Any, name: str) -> Any:
    """The attribute, or None: libraries raise from properties (requests' `error.response` may be absent)."""
    try:
        return getattr(holder, name, None)
    except Exception:
        return None


def _header(headers: Any, name: str) -> str | None:
    """One header, whatever case the mapping keeps its names in."""
    if not isinstance(headers, Mapping) and not hasattr(headers, "items"):
        return None
    try:
        for key, value in headers.items():
            if str(key).lower() == name:
                return str(value).strip()
    except Exception:
        return None
    return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _bounded(span: float) -> int | None:
    # NaN compares false with everything and falls out here too.
    return round(span) if 0 <= span <= _LONGEST else None


def _parse(text: str, now: Instant) -> int | None:
    seconds = _number(text)
    if seconds is not None:
        return _bounded(seconds * SECOND)
    from email.utils import parsedate_to_datetime  # start-up cost: dates are rare here

    try:
        moment = parsedate_to_datetime(text)
        # "-0000" parses as naive: the standard means UTC by it.
        at = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, InvalidInstant):
        return None
    return _bounded(max(0, at - now))
