"""What stands in the fields of a form: at first the defaults, then what was typed, none of which gets lost.

The name of a field in the form's data is its place as a JSON pointer (`form/items/0/sku`), whatever its names hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mainspring.codec import encode
from mainspring.server.pages.schema import MISSING, Part

ROOT = "form"
#: In front of a field's name: which variant is picked, whether an optional group is given, how many rows a list has.
PICK, GIVEN, ROWS = "pick:", "given:", "rows:"
#: Rows of a list at most: a form is typed by hand.
MAX_ROWS = 100

#: The values of a form's data by the names of its fields.
Posted = Mapping[str, list[str]]


@dataclass(slots=True)
class Typed:
    """What stands in the fields of one part."""

    #: In its input; of variants: which is picked; of a boolean: "true", "false" or "".
    text: str = ""
    #: The options that are ticked.
    ticked: list[str] = field(default_factory=list)
    #: Of a group and of variants.
    members: "dict[str, Typed]" = field(default_factory=dict)
    #: Of a list.
    rows: "list[Typed]" = field(default_factory=list)
    #: Of an optional group: whether it is to be there at all.
    is_given: bool = True


def below(name: str, token: str | int) -> str:
    """The name of the field at `token` of the one called `name`."""
    return f"{name}/{str(token).replace('~', '~0').replace('/', '~1')}"


def label(option: Any) -> str:
    """An option as people read it, and as the form's data has it."""
    if isinstance(option, bool):
        return "Yes" if option else "No"
    return option if isinstance(option, str) else encode(option, what="option")


# ── at first ─────────────────────────────────────────────────────────────────────────────────────────
def blank(part: Part, value: Any = MISSING) -> Typed:
    """The fields of `part` as they stand before anybody typed: with `value`, or its default."""
    value = part.default if value is MISSING else value
    has_value = value is not MISSING and value is not None
    match part.kind:
        case "group":
            known = value if isinstance(value, Mapping) else {}
            members = {name: blank(one, known.get(name, MISSING)) for name, one in part.members}
            return Typed(members=members, is_given=not part.may_be_absent or has_value)
        case "list":
            assert part.item is not None, "a list has items"
            rows = [blank(part.item, one) for one in value] if isinstance(value, list) else []
            least = max(int(part.rules.get("minItems", 0)), 0 if is_nested(part.item) else 1)
            rows += [blank(part.item) for _ in range(min(least, MAX_ROWS) - len(rows))]
            return Typed(rows=rows)
        case "choices":
            return Typed(ticked=[label(one) for one in value] if isinstance(value, list) else [])
        case "variants":
            picked = _variant_of(part, value) if has_value else ""
            members = {word: blank(one, value if word == picked else MISSING) for word, one in part.variants}
            return Typed(text=picked, members=members)
        case _:
            return Typed(text=_text(part, value) if has_value else "")


def is_nested(part: Part) -> bool:
    """Whether it is more than one field."""
    return part.kind in ("group", "list", "variants", "choices")


def _text(part: Part, value: Any) -> str:
    if part.kind == "boolean":
        return "true" if value is True else "false"
    if part.rules.get("format") == "date-time" and isinstance(value, str):
        return _utc_minutes(value)
    return (
        label(value) if part.kind != "json" or not isinstance(value, str) else encode(value, what="default")
    )


def _utc_minutes(text: str) -> str:
    """An instant as a browser's field for one holds it: in UTC, without saying so."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    in_utc = instant if instant.tzinfo is None else instant.astimezone(UTC)
    return in_utc.replace(tzinfo=None, microsecond=0).isoformat()


def _variant_of(part: Part, value: Any) -> str:
    """The variant that a default is meant for: the one whose constants it has, or whose kind it is."""
    return next((word for word, one in part.variants if _may_hold(one, value)), "")


def _may_hold(part: Part, value: Any) -> bool:
    match part.kind:
        case "group":
            constants = {name: one.options[0] for name, one in part.members if one.kind == "const"}
            return isinstance(value, Mapping) and all(value.get(key) == one for key, one in constants.items())
        case "list" | "choices":
            return isinstance(value, list)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number" | "decimal":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "text" | "long":
            return isinstance(value, str)
        case "choice" | "const":
            return value in part.options
        case _:
            return True


# ── then ─────────────────────────────────────────────────────────────────────────────────────────────
def read(part: Part, posted: Posted, name: str = ROOT) -> Typed:
    """What a form's data says of `part`; what it leaves out stands empty."""
    match part.kind:
        case "group":
            members = {key: read(one, posted, below(name, key)) for key, one in part.members}
            return Typed(members=members, is_given=not part.may_be_absent or GIVEN + name in posted)
        case "list":
            assert part.item is not None, "a list has items"
            count = _first(posted, ROWS + name)
            rows = int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0
            places = range(min(rows, MAX_ROWS))
            return Typed(rows=[read(part.item, posted, below(name, place)) for place in places])
        case "choices":
            return Typed(ticked=posted.get(name, []))
        case "variants":
            members = {word: read(one, posted, below(name, word)) for word, one in part.variants}
            return Typed(text=_first(posted, PICK + name), members=members)
        case "boolean" if is_ticked_alone(part):
            return Typed(text="true" if name in posted else "false")
        case "choice" | "boolean":
            # What is not offered was not picked.
            text = _first(posted, name)
            return Typed(text=text if text in words_offered(part) else "")
        case _:
            return Typed(text=_first(posted, name))


def words_offered(part: Part) -> dict[str, str]:
    """The options of a choice as people read them, by the words for them in the form's data."""
    if part.kind == "boolean":
        return {"true": "Yes", "false": "No"}
    return {label(option): label(option) for option in part.options}


def is_ticked_alone(part: Part) -> bool:
    """Whether a boolean is one box to tick. Without a default nobody has said no by not looking at it: then Yes and No
    are asked for."""
    return isinstance(part.default, bool) and not part.is_nullable


def _first(posted: Posted, name: str) -> str:
    return posted.get(name, [""])[0]


def drop_empty_rows(part: Part, typed: Typed) -> None:
    """Takes out rows of a list of single fields in which nothing was typed: they were there to be filled in."""
    for name, one in (*part.members, *part.variants):
        drop_empty_rows(one, typed.members[name])
    if part.item is None:
        return
    if not is_nested(part.item):
        typed.rows = [row for row in typed.rows if row.text.strip()]
    for row in typed.rows:
        drop_empty_rows(part.item, row)


# ── more rows, fewer rows ────────────────────────────────────────────────────────────────────────────
def change_rows(part: Part, typed: Typed, wanted: str) -> str | None:
    """Carries out `add:NAME` or `remove:NAME/PLACE`. Returns the name of the field to go on at; None: no such list."""
    verb, _, place = wanted.partition(":")
    for name, one, rows in lists_of(part, typed, ROOT):
        assert one.item is not None, "a list has items"
        if verb == "add" and place == name:
            if len(rows.rows) < MAX_ROWS:
                rows.rows.append(blank(one.item))
            return below(name, len(rows.rows) - 1)
        for number in range(len(rows.rows)):
            if verb == "remove" and place == below(name, number):
                del rows.rows[number]
                return name
    return None


def lists_of(part: Part, typed: Typed, name: str) -> Iterable[tuple[str, Part, Typed]]:
    """All lists in a form, with their names."""
    if part.kind == "list":
        assert part.item is not None, "a list has items"
        yield name, part, typed
        for place, row in enumerate(typed.rows):
            yield from lists_of(part.item, row, below(name, place))
    for key, one in (*part.members, *part.variants):
        yield from lists_of(one, typed.members[key], below(name, key))
