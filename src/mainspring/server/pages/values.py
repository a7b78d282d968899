"""From what was typed into a form to the JSON value it means, with what is wrong said in plain words.

The schema itself has the last word, in the engine; here the same is said so that a person knows what to do.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from mainspring.codec import decode
from mainspring.errors import MainspringError
from mainspring.server.pages.schema import MISSING, Part
from mainspring.server.pages.typed import Typed, label

#: Digits of a number at most: more are no amount, and take long to read.
MAX_DIGITS = 300

#: What is wrong, by the path of the field as the engine writes it (`items[2].sku`; `$` is the whole).
Problems = dict[str, str]


def path_below(path: str, token: str | int) -> str:
    """The path of a member, of a row."""
    if isinstance(token, int):
        return f"{'' if path == '$' else path}[{token}]"
    return token if path == "$" else f"{path}.{token}"


def value_of(part: Part, typed: Typed) -> tuple[Any, Problems]:
    """The JSON value that was typed; what could not be understood stays in it as the text it is."""
    problems: Problems = {}
    value = _value(part, typed, "$", problems)
    return (None if value is MISSING else value), problems


def with_those_of(problems: Problems, errors: Iterable[Mapping[str, str]]) -> Problems:
    """With what the engine found wrong, where nothing is said yet of the field."""
    found = {error["path"]: f"{error['message'][:1].upper()}{error['message'][1:]}." for error in errors}
    return {**found, **problems}


def _value(part: Part, typed: Typed, path: str, problems: Problems) -> Any:
    """The value of a part; `MISSING` when it is to be left out."""
    match part.kind:
        case "const":
            return part.options[0]
        case "group":
            if part.may_be_absent and not typed.is_given:
                return _absent(part)
            found = {
                name: _value(one, typed.members[name], path_below(path, name), problems)
                for name, one in part.members
            }
            return {name: value for name, value in found.items() if value is not MISSING}
        case "list" | "choices":
            return _several(part, typed, path, problems)
        case "variants":
            picked = dict(part.variants).get(typed.text)
            if picked is not None:
                return _value(picked, typed.members[typed.text], path, problems)
            return _nothing(part, path, problems, "Choose one.")
        case _:
            return _single(part, typed.text, path, problems)


def _several(part: Part, typed: Typed, path: str, problems: Problems) -> Any:
    if part.kind == "choices":
        values = [option for option in part.options if label(option) in typed.ticked]
    else:
        assert part.item is not None, "a list has items"
        rows = [_value(part.item, row, path_below(path, i), problems) for i, row in enumerate(typed.rows)]
        values = [None if row is MISSING else row for row in rows]
    if not values and part.is_nullable:
        return None
    least, most = part.rules.get("minItems"), part.rules.get("maxItems")
    if isinstance(least, int) and len(values) < least:
        problems[path] = f"Give at least {least}."
    elif isinstance(most, int) and len(values) > most:
        problems[path] = f"Give at most {most}."
    elif part.rules.get("uniqueItems") and len({label(one) for one in values}) < len(values):
        problems[path] = "The same stands here twice."
    return values


def _absent(part: Part) -> Any:
    return None if part.is_nullable else MISSING


def _nothing(part: Part, path: str, problems: Problems, ask: str) -> Any:
    """For a field in which nothing stands."""
    if part.is_nullable:
        return None
    # Its default was taken out: the field would quietly get it back.
    if part.is_required or part.default not in (MISSING, None, ""):
        problems[path] = ask
    return MISSING


def _single(part: Part, typed: str, path: str, problems: Problems) -> Any:
    text = typed if part.kind == "long" else typed.strip()
    if not text.strip():
        is_free_text = part.kind in ("text", "long") and not {"format", "pattern", "minLength"} & set(
            part.rules
        )
        if is_free_text and part.default is not MISSING and not part.is_nullable:
            return ""
        return _nothing(part, path, problems, _ASK.get(part.kind, "Fill this in."))
    value, problem = _READ[part.kind](part, text)
    if problem:
        problems[path] = problem
    return value


_ASK = {
    "choice": "Choose one.",
    "boolean": "Choose Yes or No.",
    "integer": "Give a number.",
    "number": "Give a number.",
}


# ── single fields ────────────────────────────────────────────────────────────────────────────────────
#: The value, and what is wrong with it.
Read = tuple[Any, str]


def _read_choice(part: Part, text: str) -> Read:
    return next(option for option in part.options if label(option) == text), ""


def _read_boolean(part: Part, text: str) -> Read:
    return text == "true", ""


def _read_json(part: Part, text: str) -> Read:
    try:
        return decode(text), ""
    except MainspringError as error:
        return text, f"{error.message[:1].upper()}{error.message[1:]}."


def _read_number(part: Part, text: str) -> Read:
    number = _decimal(text)
    if number is None:
        return (
            text,
            "Write digits alone, like 1234.50."
            if part.kind != "integer"
            else "Write digits alone, like 1234.",
        )
    if part.kind == "integer" and number != number.to_integral_value():
        return text, "Give a whole number."
    # A Decimal goes as it was typed: 12.30 stays 12.30.
    value: Any = text if part.kind == "decimal" else int(number) if part.kind == "integer" else float(number)
    return value, _out_of_bounds(part.rules, number)


def _decimal(text: str) -> Decimal | None:
    if len(text) > MAX_DIGITS or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _out_of_bounds(rules: Mapping[str, Any], number: Decimal) -> str:
    bounds: list[tuple[str, Callable[[Decimal], bool], str]] = [
        ("minimum", lambda bound: number >= bound, "Give at least {}."),
        ("maximum", lambda bound: number <= bound, "Give at most {}."),
        ("exclusiveMinimum", lambda bound: number > bound, "Give more than {}."),
        ("exclusiveMaximum", lambda bound: number < bound, "Give less than {}."),
        ("multipleOf", lambda bound: number % bound == 0, "Give a multiple of {}."),
    ]
    for keyword, holds, words in bounds:
        bound = rules.get(keyword)
        if (
            not isinstance(bound, (int, float))
            or isinstance(bound, bool)
            or (keyword == "multipleOf" and not bound)
        ):
            continue
        if not holds(Decimal(str(bound))):
            return words.format(bound)
    return ""


def _read_text(part: Part, text: str) -> Read:
    least, most = part.rules.get("minLength"), part.rules.get("maxLength")
    if isinstance(least, int) and len(text) < least:
        return text, f"Write at least {least} characters: there are {len(text)}."
    if isinstance(most, int) and len(text) > most:
        return text, f"Write at most {most} characters: there are {len(text)}."
    known = _FORMATS.get(str(part.rules.get("format")))
    return known(text) if known is not None else (text, "")


def _read_date(text: str) -> Read:
    return _held(date.fromisoformat, text, "Write a date like 2026-01-31.")


def _read_time(text: str) -> Read:
    return _held(time.fromisoformat, text, "Write a time like 09:30.")


def _read_instant(text: str) -> Read:
    """A browser's field says no zone: the page says that UTC is meant."""
    value, problem = _held(datetime.fromisoformat, text, "Write date and time like 2026-01-31T09:30.")
    if problem:
        return value, problem
    full = f"{text}:00" if re.fullmatch(r".*T\d\d:\d\d", text) else text
    return (f"{full}Z" if datetime.fromisoformat(text).tzinfo is None else full), ""


def _held(read: Callable[[str], object], text: str, problem: str) -> Read:
    try:
        read(text)
    except ValueError:
        return text, problem
    return text, ""


def _read_email(text: str) -> Read:
    fits = re.fullmatch(r"[^@\s]+@[^@\s]+", text)
    return text, "" if fits else "Write an e-mail address like ann@example.com."


def _read_uri(text: str) -> Read:
    try:
        fits = bool(urlsplit(text).scheme) and not re.search(r"\s", text)
    except ValueError:
        fits = False
    return text, "" if fits else "Write a whole address like https://example.com/page."


_FORMATS: dict[str, Callable[[str], Read]] = {
    "date": _read_date,
    "time": _read_time,
    "date-time": _read_instant,
    "email": _read_email,
    "uri": _read_uri,
}

_READ: dict[str, Callable[[Part, str], Read]] = {
    "text": _read_text,
    "long": _read_text,
    "integer": _read_number,
    "number": _read_number,
    "decimal": _read_number,
    "boolean": _read_boolean,
    "choice": _read_choice,
    "json": _read_json,
}
