"""JSON in and out: the one place where values become text that is kept, and text from outside becomes values.

What cannot be kept (or could be kept but never read again) is refused here, with its path: foreign objects,
cycles, depth, numbers too long to read, NUL characters and lone surrogates. NaN and infinity become null.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import CoroutineType
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from mainspring.errors import DataError, InvalidText, MalformedJson, TooLarge, Unserialisable

#: Containers inside one another, the outermost not counted. It is the parser's own limit; a test holds them
#: together.
MAX_DEPTH = 200
#: The parser refuses integers with more digits than this.
_MAX_DIGITS = 4_300

#: An escaped NUL, and not an escaped backslash followed by "u0000".
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"
_PLACE = re.compile(r"^(?P<reason>.*) at line (?P<line>\d+) column (?P<column>\d+)$", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def encode(value: Any, *, what: str, limit: int | None = None, setting: str = "max_payload_bytes") -> str:
    """`value` as JSON text. `what` names it in errors, like "the output of task 'charge'".

    Raises Unserialisable or InvalidText with the path, TooLarge past `limit` bytes naming `setting`.
    """
    try:
        data = _dump(value)
    except DataError as error:
        raise _located(value, what, error) from None
    if limit is not None and len(data) > limit:
        raise TooLarge(
            f"{what} has {len(data):,} bytes of JSON; the limit is {limit:,} ({setting})",
            size=len(data),
            limit=limit,
            setting=setting,
        )
    return data.decode()


def decode(text: str | bytes) -> Any:
    """The value of JSON text. MalformedJson names the line and column."""
    try:
        return from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: a str that is no UTF-8
        try:
            raw = text.encode() if isinstance(text, str) else text
        except UnicodeEncodeError as surrogate:
            raise InvalidText(f"the text has a lone surrogate at character {surrogate.start}") from None
        raise _malformed(str(error), raw) from None


def decode_body(raw: bytes, *, limit: int) -> Any:
    """The value of a request's body: at most `limit` bytes of UTF-8 JSON, no NUL, no lone surrogates.

    Raises TooLarge, MalformedJson or InvalidText.
    """
    if len(raw) > limit:
        raise TooLarge(
            f"the body has {len(raw):,} bytes; the limit is {limit:,} (max_body_bytes)",
            size=len(raw),
            limit=limit,
            setting="max_body_bytes",
        )
    raw = raw.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, as some editors write it
    if not raw.strip():
        raise MalformedJson("the body is empty")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"the body is not UTF-8 at byte {error.start}", position=error.start) from None
    try:
        value = decode(raw)
    except MalformedJson as error:
        if "hex escape" in error.message and _SURROGATE_ESCAPE.search(raw):
            place = f"line {error.line}, column {error.column}"
            raise InvalidText(f"the body has a lone surrogate at {place}") from None
        raise
    if b"\\u0000" in raw and _NUL.search(raw):
        raise _located(value, "the body", InvalidText("holds a NUL character"))
    return value


def clean_text(text: str, limit: int = 16_384) -> str:
    """`text` made storable: NUL and lone surrogates replaced, cut to `limit` bytes of UTF-8 with a note."""
    if len(text) <= limit and text.isascii() and "\x00" not in text:
        return text  # as nearly all are: nothing in it needs a look
    # Cut first: a character has at least one byte, so a text of 100 MB is never gone through as a whole.
    head = _UNSTORABLE.sub("\ufffd", text[:limit])
    raw = head.encode()
    if len(text) <= limit and len(raw) <= limit:
        return head
    note = f"… (cut: {len(text):,} characters in all)"
    room = max(0, limit - len(note.encode()))
    return raw[:room].decode(errors="ignore") + note


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────
def _dump(value: Any) -> bytes:
    """JSON bytes that can be read again, or a DataError without a path."""
    try:
        data = to_json(value, inf_nan_mode="null")
    except PydanticSerializationError as error:
        raise _refusal(str(error)) from None
    except (ValueError, TypeError, RecursionError, UnicodeError) as error:  # from a user's own serialiser
        raise Unserialisable(f"{type(error).__name__}: {error}") from None
    if b"\\u0000" in data and _NUL.search(data):
        raise InvalidText("holds a NUL character")
    # Anything that might be too deep or have an endless number is read once: never keep what cannot be read.
    if len(data) > _MAX_DIGITS or (len(data) > MAX_DEPTH and data.count(b"[") + data.count(b"{") > MAX_DEPTH):
        try:
            from_json(data)
        except ValueError as error:
            raise _refusal(str(error)) from None
    return data


def _refusal(reason: str) -> DataError:
    """What the serialiser's or parser's own words come down to."""
    if "surrogates not allowed" in reason:
        return InvalidText("holds a lone surrogate")
    if "invalid utf-8" in reason:
        return InvalidText("holds bytes that are not UTF-8 text")
    if "depth exceeded" in reason or "recursion limit" in reason:
        return Unserialisable(_TOO_DEEP)
    if "Circular reference" in reason:
        return Unserialisable("contains itself")
    if "number out of range" in reason:
        return Unserialisable(f"is a number with more than {_MAX_DIGITS:,} digits")
    return Unserialisable(reason.removeprefix("Error serializing to JSON: "))


def _located(value: Any, what: str, error: DataError) -> DataError:
    """`error` again, now saying where: the path of the innermost part of `value` that is to blame."""
    path, culprit = "", value
    above = {id(value)}
    while (blamed := _blamed_part(culprit)) is not None and error.message != _TOO_DEEP:
        segment, culprit, error = blamed
        path += segment
        if id(culprit) in above:
            break  # a cycle closes here
        above.add(id(culprit))
    path = path.removeprefix(".")
    reason = error.message
    if reason.startswith("Unable to serialize"):
        kind = type(culprit)
        reason = f"is of type {kind.__module__}.{kind.__qualname__}, which JSON cannot hold"
        if kind is CoroutineType:
            reason = f"is a coroutine: the async function was called without `await` ({culprit.__name__})"
            culprit.close()
    where = f"{what}: `{path}`" if path else what
    return type(error)(f"{where} {reason}", path=path)


def _blamed_part(value: Any) -> tuple[str, Any, DataError] | None:
    """The first part of `value` that cannot be kept by itself, with its segment of the path and why."""
    for segment, child in _children(value):
        try:
            _dump(child)
        except DataError as error:
            return segment, child, error
    return None


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a value, each with its segment of the path: `.name`, `["odd name"]` or `[3]`."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield _segment(key), child
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        for index, child in enumerate(value):
            yield f"[{index}]", child
    elif is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield _segment(item.name), getattr(value, item.name, None)
    elif hasattr(type(value), "__pydantic_fields__"):
        for name in type(value).__pydantic_fields__:
            yield _segment(name), getattr(value, name, None)


def _segment(key: Any) -> str:
    if isinstance(key, str) and _IDENTIFIER.fullmatch(key):
        return f".{key}"
    return f"[{clean_text(repr(key), 80)}]"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────
def _malformed(reason: str, raw: bytes) -> MalformedJson:
    """The parser's error with its place: line and column from 1, position from 0, in characters."""
    place = _PLACE.match(reason)
    if place is None:
        return MalformedJson(f"the text is not JSON: {reason}")
    line, start = int(place["line"]), 0
    for _ in range(line - 1):
        start = raw.index(b"\n", start) + 1
    # The parser counts bytes.
    before = len(raw[start : start + max(0, int(place["column"]) - 1)].decode(errors="ignore"))
    position = len(raw[:start].decode(errors="replace")) + before
    where: dict[str, Any] = {"line": line, "column": before + 1, "position": position}
    if "recursion limit" in place["reason"]:
        return MalformedJson(f"the JSON {_TOO_DEEP}", **where)
    message = f"the text is not JSON: {place['reason']} at line {line}, column {before + 1}"
    return MalformedJson(message, **where)
