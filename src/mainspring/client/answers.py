"""What came back, or did not: JSON for answers, our own exceptions for problem documents and silence."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx2
from pydantic_core import from_json

from mainspring.errors import ApiError, MainspringError, RateLimited, ServerUnavailable, error_types

#: Codes of this module's own making, and members that are no data of the error.
_DOCUMENT = frozenset({"type", "title", "status", "detail", "code", "errors", "request_id", "rejected"})

#: Statuses that a gateway, or a server that is just stopping, answers with: asking again may help.
_PASSING = frozenset({502, 503, 504})


class Answer(NamedTuple):
    """What a server said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def answer_in(response: httpx2.Response) -> Answer:
    """A response that has been read."""
    return Answer(response.status_code, response.headers, response.content)


def shown_url(url: str) -> str:
    """`url` for people: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable)"
    if not parts.netloc and "@" in url:
        return "(unreadable)"  # the scheme is missing, so a password may stand anywhere
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def unreachable(error: httpx2.TransportError, url: str) -> ServerUnavailable:
    """The error for a request without an answer."""
    place = shown_url(url)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        message = f"nothing answers at {place}: start it with `mainspring dev app.py`"
        return ServerUnavailable(message, mend="Or point MAINSPRING_API_URL at the server that runs.")
    if isinstance(error, httpx2.TimeoutException):
        return ServerUnavailable(f"{place} did not answer in time", mend="Look at its log and its load.")
    return ServerUnavailable(f"the connection to {place} was lost before its answer", mend="Try again.")


def content_of(answer: Answer, url: str) -> bytes:
    """The body of a good answer; raises what a bad one means."""
    if 200 <= answer.status < 300:
        return answer.content
    raise error_of(answer, url)


def decoded(content: bytes) -> Any:
    """The JSON of an answer, None for an empty one."""
    if not content:
        return None
    try:
        return from_json(content)
    except ValueError:
        # A payload as deep as may be kept lies a little deeper in an answer; this parser follows it there.
        return json.loads(content)


def error_of(answer: Answer, url: str) -> MainspringError:
    """The exception for a refusal: the same class as in the server, found by `code`."""
    return error_in(_problem_in(answer), answer.status, url, _seconds(answer.headers.get("retry-after")))


def error_in(
    problem: Mapping[str, Any], status: int, url: str, retry_after: float | None = None
) -> MainspringError:
    """The exception for a problem document, `{}` where there is none."""
    detail, code = problem.get("detail"), problem.get("code")
    cls = error_types().get(code) if isinstance(code, str) else None
    if cls is None:
        cls = ServerUnavailable if status in _PASSING else RateLimited if status == 429 else ApiError
    if isinstance(detail, str):
        error = cls(detail, mend="")  # the detail has the mend in it, as the server knew it
    else:
        detail = f"{shown_url(url)} answered with HTTP status {status}, and not as Mainspring does"
        error = cls(detail, mend="Check MAINSPRING_API_URL: is it the server's address?")
    # Set, not given: a few classes are made in a way of their own.
    for name, value in _data(cls, problem, status, retry_after).items():
        setattr(error, name, value)
    return error


def _problem_in(answer: Answer) -> Mapping[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        problem = json.loads(answer.content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _data(
    cls: type[MainspringError], problem: Mapping[str, Any], status: int, retry_after: float | None
) -> dict[str, Any]:
    """What the problem says beside its text, as the attributes that the class declares."""
    data = {name: value for name, value in problem.items() if name not in _DOCUMENT and hasattr(cls, name)}
    if hasattr(cls, "errors"):
        data["errors"] = problem.get("errors", [])
    if hasattr(cls, "rejections"):
        data["rejections"] = problem.get("rejected", [])
    if hasattr(cls, "path") and problem.get("errors"):
        data["path"] = problem["errors"][0].get("path", "")
    if cls.status != status and isinstance(cls.status, int):
        data["status"] = status
    if issubclass(cls, RateLimited) and "retry_after" not in data:
        data["retry_after"] = retry_after
    return {**data, "request_id": problem.get("request_id")}


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None
