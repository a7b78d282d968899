"""A JSON value as a person reads it: facts as a list of them, like things as a table, long texts with their lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainspring.codec import encode
from mainspring.model.sealed import is_sealed
from mainspring.server.pages.html import Html, tag
from mainspring.server.pages.schema import words_of

#: A table may have as many columns; what is deeper than this is shown as JSON; of a list as many are shown.
MAX_COLUMNS = 6
MAX_DEPTH = 8
MAX_ROWS = 500


def show(value: Any, depth: int = 0) -> Html:
    """The value, whatever it is."""
    if is_sealed(value):
        return tag("p", "Encrypted: only those who have the key can read it.", class_="sealed")
    if depth > MAX_DEPTH and isinstance(value, (Mapping, list)):
        return tag("pre", encode(value, what="value"))
    if isinstance(value, Mapping):
        return _facts(value, depth) if value else _nothing("nothing")
    if isinstance(value, list):
        return _list(value, depth) if value else _nothing("none")
    return _single(value)


def _facts(value: Mapping[str, Any], depth: int) -> Html:
    rows = [
        tag("div", tag("dt", words_of(name)), tag("dd", show(one, depth + 1)), class_=_width(one))
        for name, one in value.items()
    ]
    return tag("dl", rows, class_="facts")


def _width(value: Any) -> str | None:
    """Whatever needs room stands below its name, not beside it."""
    if isinstance(value, (Mapping, list)) and not is_sealed(value):
        return "wide"
    return "wide" if isinstance(value, str) and (len(value) > 200 or "\n" in value) else None


def _list(values: list[Any], depth: int) -> Html:
    columns = _columns(values)
    some = values[:MAX_ROWS]
    if columns:
        kinds = {name: _align([one.get(name) for one in some]) for name in columns}
        head = tag("tr", [tag("th", words_of(name), scope="col", class_=kinds[name]) for name in columns])
        body = [
            tag("tr", [tag("td", show(one.get(name)), class_=kinds[name]) for name in columns])
            for one in some
        ]
        inner = tag("table", tag("thead", head), tag("tbody", body))
        # It scrolls by itself where the page is narrow; with the keyboard too.
        shown = tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label="Table")
    else:
        shown = tag(
            "ol" if any(map(_is_nested, some)) else "ul", [tag("li", show(one, depth + 1)) for one in some]
        )
    if len(values) > MAX_ROWS:
        return tag("div", shown, tag("p", f"… and {len(values) - MAX_ROWS:,} more", class_="quiet"))
    return shown


def _columns(values: Sequence[Any]) -> list[str]:
    """The columns of a table, when the values are alike and each has plain facts alone."""
    if len(values) < 2 or not all(isinstance(one, Mapping) and one and not is_sealed(one) for one in values):
        return []
    names = list(dict.fromkeys(name for one in values for name in one))
    is_flat = not any(_is_nested(one) or _is_long(one) for row in values for one in row.values())
    return names if is_flat and len(names) <= MAX_COLUMNS else []


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > 120 or "\n" in value)


def _align(values: list[Any]) -> str | None:
    """Numbers stand one below the other."""
    is_all = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)
    return "number" if is_all else None


def _single(value: Any) -> Html:
    if value is None:
        return _nothing("none")
    if isinstance(value, bool):
        return tag("span", "Yes" if value else "No")
    if not isinstance(value, str):
        return tag("span", encode(value, what="value"), class_="number")
    if not value.strip():
        return _nothing("empty")
    if value.startswith(("https://", "http://")) and not any(map(str.isspace, value)):
        # Its text is all of the address: nobody is led elsewhere than they read.
        link = tag("a", value, href=value, rel="noopener noreferrer nofollow", target="_blank")
        return tag("span", link, class_="text")
    return tag("span", value, class_="text", dir="auto")


def _nothing(word: str) -> Html:
    return tag("span", word, class_="quiet")
