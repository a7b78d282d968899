"""Event filters: data that mirrors a payload and says which payloads match. Stored and shown, never code.

    {"amount": [{"$gte": 100}], "customer": {"plan": ["pro", "team"]}}

Every path ends in a list: of plain values, any of which may be equal; or of matcher objects, all of which
must hold. Where the payload has a list of objects, one that matches is enough. There are no regular
expressions: no filter can be made that takes long.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.errors import InvalidFilter

#: Filters are evaluated for each event: these keep the cost of one small.
MAX_DEPTH = 20
MAX_PARTS = 500

#: What stands at a path the payload does not have; different from null.
_MISSING = object()


def check_filter(filter: Any) -> None:
    """Raise InvalidFilter, naming the path and the mend, unless `filter` is one."""
    _Check().group(filter, "", 0)


def matches(filter: Mapping[str, Any], payload: Any) -> bool:
    """Whether `payload` (decoded JSON) satisfies `filter`, which `check_filter` has accepted."""
    if isinstance(payload, list):
        return any(matches(filter, item) for item in payload)
    fields: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    for key, wanted in filter.items():
        value = fields.get(key, _MISSING)
        if not (matches(wanted, value) if isinstance(wanted, Mapping) else _leaf_matches(wanted, value)):
            return False
    return True


def misfit(filter: Mapping[str, Any], payload: Any, path: str = "$") -> str | None:
    """Where `payload` does not satisfy `filter`: the first such path; None where it does."""
    if isinstance(payload, list):
        return None if matches(filter, payload) else path
    fields: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    for key, wanted in filter.items():
        at, value = key if path == "$" else f"{path}.{key}", fields.get(key, _MISSING)
        if isinstance(wanted, Mapping):
            inside = misfit(wanted, value, at)
            if inside is not None:
                return inside
        elif not _leaf_matches(wanted, value):
            return at
    return None


def _leaf_matches(wanted: list[Any], value: Any) -> bool:
    if isinstance(wanted[0], Mapping):
        return all(_matcher_holds(matcher, value) for matcher in wanted)
    return any(_equal(plain, value) for plain in wanted)


def _matcher_holds(matcher: Mapping[str, Any], value: Any) -> bool:
    return all(_OPERATORS[name].holds(operand, value) for name, operand in matcher.items())


# ── operators ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Operator:
    """`takes` says in words what `accepts` lets through; `holds` decides on (operand, value or _MISSING)."""

    takes: str
    accepts: Callable[[Any], bool]
    holds: Callable[[Any, Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, str)) or _is_number(value)


def _is_ordered(value: Any) -> bool:
    return _is_number(value) or _is_text(value)


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(map(_is_ordered, value))
        and _comparable(*value)
        and value[0] <= value[1]
    )


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_plain_or_list(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return 0 < len(value) <= MAX_PARTS and all(map(_is_plain, value))
    return _is_plain(value)


def _is_negatable(value: Any) -> bool:
    """A plain value or a list of them; a matcher object is checked by the caller as any other."""
    return isinstance(value, Mapping) or _is_plain_or_list(value)


def _equal(one: Any, other: Any) -> bool:
    """JSON equality: 1 and 1.0 are equal, 1 and true are not."""
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def _comparable(one: Any, other: Any) -> bool:
    """Numbers with numbers, texts with texts (ISO dates sort as texts do)."""
    return (_is_number(one) and _is_number(other)) or (_is_text(one) and _is_text(other))


def _any_equal(operand: Any, value: Any) -> bool:
    return any(_equal(item, value) for item in (operand if isinstance(operand, (list, tuple)) else [operand]))


def _not(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        return not _matcher_holds(operand, value)
    return not _any_equal(operand, value)


def _ordered(compare: Callable[[Any, Any], bool]) -> _Operator:
    return _Operator(
        "a number or a text",
        _is_ordered,
        lambda bound, value: _comparable(bound, value) and compare(value, bound),
    )


_OPERATORS: dict[str, _Operator] = {
    "$gt": _ordered(lambda value, bound: value > bound),
    "$gte": _ordered(lambda value, bound: value >= bound),
    "$lt": _ordered(lambda value, bound: value < bound),
    "$lte": _ordered(lambda value, bound: value <= bound),
    "$between": _Operator(
        "a list of two, the lower first; both ends count",
        _is_range,
        lambda ends, value: _comparable(ends[0], value) and ends[0] <= value <= ends[1],
    ),
    "$startsWith": _Operator(
        "a text", _is_text, lambda start, value: _is_text(value) and value.startswith(start)
    ),
    "$endsWith": _Operator("a text", _is_text, lambda end, value: _is_text(value) and value.endswith(end)),
    "$ignoreCaseEquals": _Operator(
        "a text", _is_text, lambda text, value: _is_text(value) and value.casefold() == text.casefold()
    ),
    "$exists": _Operator("true or false", _is_flag, lambda wanted, value: (value is not _MISSING) is wanted),
    # A missing value is not null; $exists asks for that.
    "$isNull": _Operator("true or false", _is_flag, lambda wanted, value: (value is None) is wanted),
    "$anythingBut": _Operator(
        "a plain value or a list of them",
        _is_plain_or_list,
        lambda operand, value: not _any_equal(operand, value),
    ),
    "$includes": _Operator(
        "a plain value",
        _is_plain,
        lambda wanted, value: isinstance(value, list) and any(_equal(wanted, item) for item in value),
    ),
    "$not": _Operator("a plain value, a list of them or a matcher object", _is_negatable, _not),
}


# ── checking ─────────────────────────────────────────────────────────────────────────────────────────
class _Check:
    """One walk over a filter, counting its parts."""

    def __init__(self) -> None:
        self.parts = 0

    def group(self, filter: Any, path: str, depth: int) -> None:
        if not isinstance(filter, Mapping):
            raise _invalid(path, f"is {_shown(filter)}, not an object that mirrors the payload")
        self.part(path, depth)
        for key, wanted in filter.items():
            if not isinstance(key, str):
                raise _invalid(path, f"has the key {_shown(key)}, which is not a text")
            at = f"{path}.{key}" if path else key
            if key.startswith("$"):
                mend = f'Put matchers into a list, like {{"amount": [{{"{key}": ...}}]}}.'
                raise _invalid(at, "stands where a field of the payload is expected", mend)
            if isinstance(wanted, Mapping):
                self.group(wanted, at, depth + 1)
            else:
                self.leaf(wanted, at, depth + 1)

    def leaf(self, wanted: Any, path: str, depth: int) -> None:
        if not isinstance(wanted, (list, tuple)):
            mend = f"Write [{_shown(wanted)}]." if _is_plain(wanted) else None
            raise _invalid(path, f"is {_shown(wanted)}, not a list", mend)
        if not wanted:
            raise _invalid(
                path, "is an empty list, which nothing matches", "Leave it out or list what may match."
            )
        matchers = [item for item in wanted if isinstance(item, Mapping)]
        if matchers and len(matchers) < len(wanted):
            mend = "Use one kind: values (any may match) or matchers (all must hold)."
            raise _invalid(path, "mixes plain values and matchers", mend)
        for index, item in enumerate(wanted):
            at = f"{path}[{index}]"
            self.part(at, depth)
            if isinstance(item, Mapping):
                self.matcher(item, at, depth + 1)
            elif not _is_plain(item):
                raise _invalid(at, f"is {_shown(item)}, not a text, number, true, false or null")

    def matcher(self, matcher: Mapping[Any, Any], path: str, depth: int) -> None:
        if not matcher:
            raise _invalid(path, "is an empty matcher", 'Give it an operator, like {"$exists": true}.')
        for name, operand in matcher.items():
            operator = _OPERATORS.get(name)
            if operator is None:
                raise _invalid(path, f"has no known operator: {_shown(name)}", f"Use {' '.join(_OPERATORS)}.")
            at = f"{path}.{name}"
            self.part(at, depth)
            if not operator.accepts(operand):
                raise _invalid(at, f"is {_shown(operand)}", f"{name} takes {operator.takes}.")
            if isinstance(operand, Mapping):
                self.matcher(operand, at, depth + 1)

    def part(self, path: str, depth: int) -> None:
        """Count one more object, value or operator; values inside operands ride on their operator."""
        self.parts += 1
        if depth > MAX_DEPTH:
            raise _invalid(path, f"is more than {MAX_DEPTH} levels deep", "Filter on fewer levels.")
        if self.parts > MAX_PARTS:
            raise _invalid(
                path, f"is part {self.parts} of the filter", f"Use at most {MAX_PARTS} parts in all."
            )


def _invalid(path: str, what: str, mend: str | None = None) -> InvalidFilter:
    where = f"the filter's `{path}`" if path else "the filter"
    return InvalidFilter(f"{where} {what}", mend=mend, path=path)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
