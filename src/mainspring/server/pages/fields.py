"""The fields of a form as HTML: labelled, explained and marked where something is wrong, and all without a script."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from mainspring.server.pages.html import Html, join, tag
from mainspring.server.pages.schema import Part
from mainspring.server.pages.typed import (
    GIVEN,
    MAX_ROWS,
    PICK,
    ROOT,
    ROWS,
    Typed,
    below,
    is_nested,
    is_ticked_alone,
    label,
    words_offered,
)
from mainspring.server.pages.values import Problems, path_below

#: As many options stand beside one another; more are in a list that opens.
MOST_RADIOS = 6

_INPUT_TYPES = {"date": "date", "time": "time", "date-time": "datetime-local", "email": "email", "uri": "url"}
_INPUT_TYPES |= {"password": "password"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the form something is drawn, and what is to be said there."""

    problems: Mapping[str, str]
    name: str = ROOT
    path: str = "$"
    #: The titles of what it stands in.
    within: str = ""
    #: The fields drawn so far by path: the id of each, and its title.
    drawn: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Where whoever typed goes on, until it is found: the first field with this name, or below it.
    focus: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return quote(self.name, safe="/")

    def takes_focus(self) -> bool:
        """Whether the field here is the one to go on at; no other is, afterwards."""
        is_here = bool(self.focus) and f"{self.name}/".startswith(f"{self.focus[0]}/")
        if is_here:
            self.focus.clear()
        return is_here

    def at(self, token: str | int) -> "Place":
        return replace(self, name=below(self.name, token), path=path_below(self.path, token))


def draw_form(part: Part, typed: Typed, problems: Problems, focus: str = "") -> tuple[Html, Html]:
    """All fields, and a summary of what is wrong with links to where it is (empty when nothing is).

    `focus`: the name of a field, or of several, where whoever typed goes on.
    """
    place = Place(problems, focus=[focus] if focus else [])
    fields = _members(part, typed, place) if part.kind == "group" else join(_draw(part, typed, place))
    return fields, join(_summary_line(path, text, place.drawn) for path, text in problems.items())


def _summary_line(path: str, text: str, drawn: Mapping[str, tuple[str, str]]) -> Html:
    if path not in drawn:
        return tag("li", text if path == "$" else f"{path}: {text}")
    id, title = drawn[path]
    return tag("li", tag("a", f"{title}: {text}" if title else text, href=f"#{quote(id)}"))


def _draw(part: Part, typed: Typed, place: Place) -> Html | None:
    place.drawn[place.path] = (place.id, ", ".join(filter(None, (place.within, part.title))))
    match part.kind:
        case "const":
            return None
        case "group":
            return _group(part, typed, place)
        case "list":
            return _list(part, typed, place)
        case "choices":
            ticked = {label(option): label(option) in typed.ticked for option in part.options}
            boxes = [
                _box("checkbox", place, number, word, is_on=is_on)
                for number, (word, is_on) in enumerate(ticked.items())
            ]
            return _fieldset(part, place, tag("div", boxes, class_="options"))
        case "variants":
            return _variants(part, typed, place)
        case "boolean" if is_ticked_alone(part):
            return _single_box(part, typed, place)
        case "boolean" | "choice" if len(part.options) <= MOST_RADIOS:
            return _radios(part, place, words_offered(part), typed.text)
        case _:
            return _field(part, place, _input(part, typed.text, place))


# ── one field ────────────────────────────────────────────────────────────────────────────────────────
def _field(part: Part, place: Place, control: Html) -> Html:
    heading = tag("label", _heading(part), for_=place.id)
    return tag("div", heading, _hint(part, place), _problem(place), control, class_=_class("field", place))


def _heading(part: Part) -> Html:
    optional = tag("span", "optional", class_="optional") if part.is_optional else None
    return join(part.title or "Value", " ", optional)


def _class(name: str, place: Place) -> str:
    return f"{name} wrong" if place.path in place.problems else name


def _hint(part: Part, place: Place) -> Html | None:
    lines = [line for line in (part.description, _bounds(part)) if line]
    return tag("p", "\n".join(lines), class_="hint", id=f"{place.id}-hint") if lines else None


def _problem(place: Place) -> Html | None:
    text = place.problems.get(place.path)
    if not text:
        return None
    return tag("p", tag("span", "Error: ", class_="unseen"), text, class_="problem", id=f"{place.id}-problem")


def _described_by(part: Part, place: Place) -> str | None:
    ids = [f"{place.id}-hint"] if part.description or _bounds(part) else []
    ids += [f"{place.id}-problem"] if place.path in place.problems else []
    return " ".join(ids) or None


def _input(part: Part, text: str, place: Place) -> Html:
    shared: dict[str, str | bool | None] = {
        "id": place.id,
        "name": place.name,
        "aria_describedby": _described_by(part, place),
        "aria_invalid": "true" if place.path in place.problems else None,
        "autofocus": place.takes_focus(),
        "aria_required": None if part.is_optional else "true",
    }
    if part.kind == "choice":
        options = [tag("option", "None" if part.is_optional else "Choose", value="")]
        options += [tag("option", word, value=word, selected=word == text) for word in words_offered(part)]
        return tag("select", options, **shared)
    if part.kind in ("long", "json"):
        code = {"class_": "code", "spellcheck": "false"} if part.kind == "json" else {}
        rows = min(max(text.count("\n") + 2, 4), 16)
        return tag("textarea", text, rows=str(rows), **shared, **code)
    # No type="number": browsers throw away what they take for no number, and turn the wheel into another amount.
    is_number = part.kind in ("integer", "number", "decimal")
    mode = ("numeric" if part.kind == "integer" else "decimal") if is_number and _is_positive(part) else None
    kind = _INPUT_TYPES.get(str(part.rules.get("format")), "text")
    return tag(
        "input",
        type=kind,
        value=text,
        inputmode=mode,
        autocomplete="off",
        class_="short" if is_number or kind in ("date", "time", "datetime-local") else None,
        step="1" if kind == "datetime-local" and text.count(":") == 2 else None,
        **shared,
    )


def _is_positive(part: Part) -> bool:
    """Whether a telephone may show its digits alone: they come without a minus."""
    least = part.rules.get("minimum", part.rules.get("exclusiveMinimum"))
    return isinstance(least, (int, float)) and least >= 0


def _bounds(part: Part) -> str:
    """In words, what a field takes."""
    rules = part.rules
    words = {
        "minimum": "at least {}",
        "exclusiveMinimum": "more than {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "less than {}",
        "multipleOf": "in steps of {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {}",
        "maxItems": "at most {}",
    }
    said = [
        text.format(_short(rules[key]))
        for key, text in words.items()
        if isinstance(rules.get(key), (int, float))
    ]
    if rules.get("minLength") == 1:  # that is what a field without "optional" says already
        said.remove("at least 1 characters")
    if part.kind == "json":
        said = ["as JSON"]
    elif rules.get("format") == "date-time":
        said.append("in UTC")
    elif rules.get("format") == "duration":
        said.append("a span like PT1H30M")
    text = ", ".join(said)
    return text[:1].upper() + text[1:]


def _short(number: Any) -> str:
    """A bound as people write it: pydantic writes 500.0."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


# ── options ──────────────────────────────────────────────────────────────────────────────────────────
def _box(kind: str, place: Place, number: int, word: str, *, is_on: bool, text: str = "") -> Html:
    """One option with a box, or a dot; the first has the field's own id, so that links lead to it."""
    id = place.id if number == 0 else f"{place.id}-{number}"
    box = tag("input", type=kind, id=id, name=place.name, value=word, checked=is_on)
    return tag("div", box, tag("label", text or word, for_=id), class_="option")


def _radios(part: Part, place: Place, options: Mapping[str, str], picked: str) -> Html:
    choices = {"": "None", **options} if part.is_optional else options
    boxes = [
        _box("radio", place, number, word, is_on=word == picked, text=text)
        for number, (word, text) in enumerate(choices.items())
    ]
    return _fieldset(part, place, tag("div", boxes, class_="options"))


def _single_box(part: Part, typed: Typed, place: Place) -> Html:
    box = tag(
        "input",
        type="checkbox",
        id=place.id,
        name=place.name,
        value="true",
        checked=typed.text == "true",
        aria_describedby=_described_by(part, place),
    )
    line = tag("div", box, tag("label", part.title or "Yes", for_=place.id), class_="option")
    return tag("div", line, _hint(part, place), _problem(place), class_=_class("field", place))


# ── several fields ───────────────────────────────────────────────────────────────────────────────────
def _fieldset(part: Part, place: Place, *content: Any, kind: str = "field") -> Html:
    return tag(
        "fieldset",
        tag("legend", _heading(part)),
        _hint(part, place),
        _problem(place),
        *content,
        class_=_class(kind, place),
        aria_describedby=_described_by(part, place),
    )


def _members(part: Part, typed: Typed, place: Place) -> Html:
    if place.name != ROOT:
        place = replace(place, within=part.title)
    return join(_draw(one, typed.members[name], place.at(name)) for name, one in part.members)


def _group(part: Part, typed: Typed, place: Place) -> Html:
    inside = tag("div", _members(part, typed, place), class_="inside")
    if not part.may_be_absent:
        return _fieldset(part, place, inside, kind="group")
    # Only the style sheet folds what is not given: without one, or in an old browser, all of it stands there.
    box = tag(
        "input", type="checkbox", id=place.id, name=GIVEN + place.name, value="true", checked=typed.is_given
    )
    toggle = tag("div", box, tag("label", "Fill this in", for_=place.id), class_="option toggle")
    return _fieldset(part, place, toggle, inside, kind="group maybe")


def _list(part: Part, typed: Typed, place: Place) -> Html:
    assert part.item is not None, "a list has items"
    rows = [_row(part, number, row, place.at(number)) for number, row in enumerate(typed.rows)]
    count = tag("input", type="hidden", name=ROWS + place.name, value=str(len(typed.rows)))
    most = part.rules.get("maxItems")
    is_full = len(rows) >= (most if isinstance(most, int) else MAX_ROWS)
    add = (
        None
        if is_full
        else _small_button(f"add:{place.name}", "Add another" if rows else "Add one", part.title)
    )
    return _fieldset(part, place, count, rows, add, kind="group list")


def _row(part: Part, number: int, typed: Typed, place: Place) -> Html:
    assert part.item is not None, "a list has items"
    # Its number tells it from the others, also in the summary of what is wrong.
    item = replace(part.item, title=f"{part.item.title or part.title or 'Number'} {number + 1}")
    remove = _small_button(f"remove:{place.name}", "Remove", item.title)
    return tag("div", _draw(item, typed, place), remove, class_="row" if is_nested(item) else "row flat")


def _small_button(verb: str, text: str, what: str) -> Html:
    """A button that sends the form to be drawn anew: nothing is answered by it."""
    unseen = tag("span", f" ({what})", class_="unseen") if what else None
    return tag(
        "button", text, unseen, type="submit", name="do", value=verb, class_="small", formnovalidate=True
    )


def _variants(part: Part, typed: Typed, place: Place) -> Html:
    none = [("", Part("const", "None"))] if part.is_optional else []
    boxes = []
    for number, (word, one) in enumerate([*none, *part.variants]):
        id = place.id if number == 0 else f"{place.id}-{number}"
        is_on = typed.text == word
        # What is wrong is said of the value, which has one path: it belongs to the variant that was picked.
        inner = replace(place, name=below(place.name, word))
        inside = typed.members.get(word, typed)
        inner = inner if is_on else replace(inner, problems={}, drawn={})
        fields = _members(one, inside, inner) if one.kind == "group" else _draw(one, inside, inner)
        box = tag("input", type="radio", id=id, name=PICK + place.name, value=word, checked=is_on)
        line = tag("div", box, tag("label", one.title or word, for_=id), class_="option toggle")
        hint = tag("p", one.description, class_="hint") if one.kind == "group" and one.description else None
        boxes.append(tag("div", line, tag("div", hint, fields, class_="inside"), class_="variant"))
    return _fieldset(part, place, boxes, kind="group variants")
