"""What is asked of payloads by path: `payload.order_id=o1`, `payload.items.0.sku=A-7`, `payload.vip=true`.

A part of a path is a field's name, or a number for an element of a list; a list without a number means any of its
elements. What is asked for is a text as people type it: it fits the text, the number, the boolean or null that is
written so; in double quotes it is a text and nothing else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mainspring.codec import encode
from mainspring.errors import BadRequest
from mainspring.model.sealed import SEALED_TEXT, is_sealed

MAX_PARTS = 32
MAX_TEXT = 1_024
#: So many may be asked for at once.
MAX_TERMS = 8
#: Integers are written in one way up to here; larger ones may be kept with an exponent.
_PLAIN = 10**15


@dataclass(frozen=True, slots=True)
class PayloadTerm:
    """One thing asked of a payload."""

    path: str
    text: str

    @property
    def needles(self) -> tuple[str, ...]:
        """What the JSON text of a payload that fits has in it, unless it has a backslash."""
        names = [part for part in self.path.split(".") if not part.isdecimal()]
        found = [_inside(names[-1])] if names else []
        number = _number(self._bare)
        is_plain = number is None or (isinstance(number, int) and abs(number) < _PLAIN)
        if is_plain and self._bare == self._bare.strip():
            found.append(_inside(self._bare if number is None or self._is_quoted else str(number)))
        return tuple(needle for needle in found if needle)

    def fits(self, payload: Any) -> bool:
        """Whether a decoded payload has it."""
        return _fits(payload, self.path.split("."), self._bare, self._is_quoted)

    @property
    def _is_quoted(self) -> bool:
        return len(self.text) > 1 and self.text[0] == self.text[-1] == '"'

    @property
    def _bare(self) -> str:
        return self.text[1:-1] if self._is_quoted else self.text


def payload_term(path: str, text: str, *, within: str = "payload.") -> PayloadTerm:
    """A term as it was asked for; `BadRequest` says what is wrong with it."""
    message = None
    parts = path.split(".")
    if not all(parts):
        message = "is no path: write payload.order_id, or payload.items.0.sku"
    elif len(parts) > MAX_PARTS:
        message = f"has {len(parts)} parts; the limit is {MAX_PARTS}"
    elif len(text) > MAX_TEXT:
        message = f"asks for a text of {len(text):,} characters; the limit is {MAX_TEXT:,}"
    elif "\x00" in path + text:
        message = "has a NUL character in it"
    if message is not None:
        name = f"{within}{path[:64]}"
        raise BadRequest(f"{name}: {message}", errors=[{"path": name, "message": message}])
    return PayloadTerm(path, text)


def is_hidden(payload: str) -> bool:
    """Whether there is something encrypted in the JSON text of a payload: nobody but its worker can look into it."""
    return SEALED_TEXT in payload


def value_at(payload: Any, path: str) -> Any:
    """The value at a path, None when there is none; of a list without a number, its first that has one."""
    return next(_values(payload, path.split(".")), None)


def _fits(value: Any, parts: Sequence[str], text: str, is_quoted: bool) -> bool:
    return any(_is(found, text, is_quoted) for found in _values(value, parts))


def _values(value: Any, parts: Sequence[str]) -> Any:
    """Every value that a path can mean: names may have dots in them, too."""
    if is_sealed(value):
        return
    if not parts:
        yield value
    elif isinstance(value, dict):
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name in value:
                yield from _values(value[name], parts[end:])
    elif isinstance(value, list):
        if parts[0].isdecimal() and len(parts[0]) < 10:
            if int(parts[0]) < len(value):
                yield from _values(value[int(parts[0])], parts[1:])
        else:
            for element in value:
                yield from _values(element, parts)


def _is(value: Any, text: str, is_quoted: bool) -> bool:
    if isinstance(value, str):
        return value == text
    if is_quoted:
        return False
    if isinstance(value, list):  # one of what it holds
        return any(not isinstance(one, list) and _is(one, text, is_quoted) for one in value)
    if value is None or isinstance(value, bool):
        return json.dumps(value) == text
    if isinstance(value, int | float):
        return _number(text) == value
    return False


def _number(text: str) -> int | float | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return None if isinstance(found, bool) or not isinstance(found, int | float) else found


def _inside(text: str) -> str:
    """A text as it stands between the quotes of JSON."""
    return encode(text, what="a payload filter")[1:-1]
