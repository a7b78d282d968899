"""HTML out of values: `tag` puts elements together, and all text that is not `Html` already is escaped by it."""

import re
from collections.abc import Iterable
from html import escape as escape_markup
from typing import TypeAlias, Union


class Html(str):
    """Text that is HTML already. Only this room makes it."""

    __slots__ = ()


#: What stands in an element: text of anybody, finished HTML, several of them, or nothing.
Content: TypeAlias = Union[str, Html, Iterable["Content"], None]  # noqa: UP007

_VOID = frozenset({"input", "meta", "link", "br", "hr"})
#: Control characters, and those that turn the order of writing around: with them "12" could be made to look like "21".
_DECEIVING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\ufeff]")


def escape(text: str) -> Html:
    """Text of anybody as HTML that shows it, and does nothing else, in an element and in an attribute."""
    return Html(escape_markup(_DECEIVING.sub("\ufffd", text), quote=True))


def clean(text: str) -> str:
    """Typed text without what would not be shown as it is, with its lines ended as everywhere."""
    return _DECEIVING.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def join(*content: Content) -> Html:
    """All of it, one after the other."""
    return Html("".join(_parts(content)))


def tag(name: str, /, *content: Content, **attributes: str | bool | None) -> Html:
    """An element. `class_` is written class, `aria_label` aria-label; True is an attribute alone, None and False are
    left out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    # A newline right after these is dropped by browsers: one more, and what begins with one keeps it.
    lead = "\n" if name in ("textarea", "pre") else ""
    return Html(f"<{name}{written}>{lead}{join(*content)}</{name}>")


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'


def _parts(content: Iterable[Content]) -> Iterable[str]:
    for one in content:
        if isinstance(one, Html):
            yield one
        elif isinstance(one, str):
            yield escape(one)
        elif one is not None:
            yield from _parts(one)
