"""What workers say over the wire is looked through before it reaches the engine: one bad text or number must not
make a transaction fail that carries the reports of others, or be kept and never read again.

Nothing here decides about runs. A message is refused as a whole, the place named; a worker then finds the run
whose report it was and ends it. Texts for people to read (messages, tracebacks) are cut where they are kept.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mainspring.codec import decode_body
from mainspring.errors import BadRequest, DataError, InvalidFilter, InvalidText, TooLarge
from mainspring.model.filters import check_filter
from mainspring.model.limits import Limits

#: Names, keys and ids in bytes: they stand in indexes, whose entries databases limit.
MAX_WORD = 2_048
#: Instants and spans: two of them added up still fit a column of 64 bits.
MAX_NUMBER = 2**61

#: Fields that hold JSON text, and those that hold texts for people to read; all other texts are words.
_JSON = {"payload", "context", "output", "value", "chunk", "tags", "metadata", "progress", "params"}
_JSON |= {"properties", "fields", "filter", "show", "form_schema"}
_PROSE = {"message", "traceback", "type", "path", "description", "blocked_stack", "hostname", "app"}
_PROSE |= {"code_version", "log_level"}

_Check = Callable[[Any, Limits], None]
#: The checks of each kind of message, made when it first comes.
_known: dict[type, tuple[tuple[str, _Check], ...]] = {}


class _Refusal(Exception):
    """Why a value is refused; gathers its place on the way out."""

    def __init__(self, error: type[BadRequest] | type[DataError], reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.facts = facts
        self.place: list[str] = []


def admit(message: Any, limits: Limits) -> None:
    """Passes a message of `model/protocol.py`, or raises `TooLarge`, `InvalidText` or `BadRequest` with its place."""
    try:
        _each_field(message, limits)
    except _Refusal as refusal:
        path = "".join(reversed(refusal.place)).removeprefix(".")
        problem = {"path": path, "message": refusal.reason}
        raise refusal.error(f"{path} {refusal.reason}", errors=[problem], **refusal.facts) from None


def _each_field(message: Any, limits: Limits) -> None:
    kind = type(message)
    checks = _known.get(kind)
    if checks is None:
        checks = _known[kind] = _checks(kind)
    for name, check in checks:
        value = getattr(message, name)
        if value is None:
            continue
        try:
            check(value, limits)
        except _Refusal as refusal:
            refusal.place.append(f".{name}")
            raise


def _checks(kind: type[Any]) -> tuple[tuple[str, _Check], ...]:
    """How each field of a message is looked at; those that can only hold a few values are not."""
    hints = get_type_hints(kind)
    found = ((field.name, _check_of(field.name, hints[field.name])) for field in fields(kind))
    return tuple((name, check) for name, check in found if check is not None)


def _check_of(name: str, hint: Any) -> _Check | None:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        inner = [one for one in get_args(hint) if one is not type(None)]
        return _check_of(name, inner[0]) if len(inner) == 1 else _each_field
    if origin is tuple:
        return _check_of_parts(name, get_args(hint))
    if hint is int:
        return _number
    if hint is str:
        return None if name in _PROSE else _json_of(name) if name in _JSON else _word
    return _each_field if origin is not Literal and is_dataclass(hint) else None


def _check_of_parts(name: str, hints: tuple[Any, ...]) -> _Check | None:
    """Of a tuple: of any length and one type, or a pair like (run id, lease)."""
    name = "word" if hints[0] is str else name  # tags of a draft are texts, those of a run JSON
    checks = [_check_of(name, hint) for hint in hints if hint is not Ellipsis]
    if not any(checks):
        return None

    def check_all(values: Any, limits: Limits) -> None:
        for index, value in enumerate(values):
            check = checks[0] if len(checks) == 1 else checks[index]
            if check is None:
                continue
            try:
                check(value, limits)
            except _Refusal as refusal:
                refusal.place.append(f"[{index}]")
                raise

    return check_all


# ── values ───────────────────────────────────────────────────────────────────────────────────────────
def _number(value: int, limits: Limits) -> None:
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _Refusal(BadRequest, "is a number that no column can hold")


def _word(text: str, limits: Limits) -> None:
    """One line of text; waits, channels and log lines rely on it."""
    if len(text) * 4 > MAX_WORD and len(text.encode(errors="replace")) > MAX_WORD:
        raise _Refusal(BadRequest, f"is longer than {MAX_WORD:,} bytes")
    if text.isprintable():  # at once for nearly all; it minds some spaces that we do not
        return
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in text):
        raise _Refusal(InvalidText, "has control characters or lone surrogates")


def _json_of(name: str) -> _Check:
    def check(text: str, limits: Limits) -> None:
        limit = limits.max_payload_bytes
        if len(text) * 4 > limit and (size := len(text.encode(errors="replace"))) > limit:
            reason = f"has {size:,} bytes of JSON; the limit is {limit:,} (max_payload_bytes)"
            raise _Refusal(TooLarge, reason, size=size, limit=limit, setting="max_payload_bytes")
        _read(name, text, limit)

    return check


def _read(name: str, text: str, limit: int) -> None:
    try:
        value = decode_body(text.encode(), limit=limit)
        if name == "filter":
            check_filter(value)
    except (DataError, InvalidFilter) as error:
        raise _Refusal(BadRequest, f"is not usable: {error.message}") from error
    if name == "tags" and not (isinstance(value, list) and all(isinstance(tag, str) for tag in value)):
        raise _Refusal(BadRequest, "is no list of texts")
    if name in ("metadata", "fields", "form_schema") and not isinstance(value, dict):
        raise _Refusal(BadRequest, "is no object")
