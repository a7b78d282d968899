"""Forms out of pydantic's schemas: drawn, typed into, read back, and said what is wrong, without losing a thing."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Optional

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from documents import Element, check_accessible, read_html, typed_in
from mainspring.server.pages.fields import draw_form
from mainspring.server.pages.html import tag
from mainspring.server.pages.schema import MAX_PARTS, Part, read_schema
from mainspring.server.pages.typed import Typed, blank, change_rows, drop_empty_rows, read
from mainspring.server.pages.values import Problems, value_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: str = Field(min_length=4, max_length=4)


class Bank(BaseModel):
    """By transfer."""

    kind: Literal["bank"] = "bank"
    number: str


class Address(BaseModel):
    street: str
    city: str = "Berlin"


class Line(BaseModel):
    sku: str = Field(title="Article")
    count: int = Field(ge=1, le=99)


class Everything(BaseModel):
    amount: Decimal = Field(gt=0, le=500)
    reason: Literal["damaged", "late"]
    colour: Colour = Colour.BLUE
    country: Literal["DE", "FR", "IT", "ES", "NL", "BE", "AT"] = "DE"
    note: str | None = Field(None, description="The customer reads this.")
    letter: str = Field("", max_length=2_000)
    is_urgent: bool
    shipping: bool = Field(True, title="Refund the shipping")
    seen: bool | None = None
    due: date | None = None
    call_at: datetime | None = None
    contact: str = Field("a@b.c", json_schema_extra={"format": "email"})
    half: float = Field(0.5, multiple_of=0.5)
    pay: Card | Bank = Field(discriminator="kind")
    address: Address | None = None
    home: Address
    lines: list[Line] = Field(min_length=1, max_length=3)
    tags: list[str] = []
    channels: list[Literal["mail", "phone"]] = ["mail"]
    either: int | str | None = None
    extra: dict[str, int] = {}


EVERYTHING = read_schema(Everything.model_json_schema())

GOOD = {
    "form/amount": "12.30",
    "form/reason": "late",
    "form/colour": "red",
    "form/country": "FR",
    "form/note": "",
    "form/letter": "Dear A,\n\n bye",
    "form/is_urgent": "false",
    "form/shipping": "true",
    "form/due": "2026-11-30",
    "form/call_at": "2026-11-30T09:30",
    "form/contact": "x@y.z",
    "form/half": "1.5",
    "pick:form/pay": "bank",
    "form/pay/card/number": "left over",
    "form/pay/bank/number": "DE1",
    "given:form/address": "true",
    "form/address/street": "Elm",
    "form/address/city": "Bonn",
    "form/home/street": "Oak",
    "form/home/city": "Ulm",
    "rows:form/lines": "2",
    "form/lines/0/sku": "A",
    "form/lines/0/count": "1",
    "form/lines/1/sku": "B",
    "form/lines/1/count": "99",
    "rows:form/tags": "3",
    "form/tags/0": "vip",
    "form/tags/1": " ",
    "form/tags/2": "eu",
    "form/channels": "phone",
    "pick:form/either": "1",
    "form/either/1": "7",
    "form/extra": '{"a": 1}',
}

VALUE = {
    "amount": "12.30",
    "reason": "late",
    "colour": "red",
    "country": "FR",
    "note": None,
    "letter": "Dear A,\n\n bye",
    "is_urgent": False,
    "shipping": True,
    "seen": None,
    "due": "2026-11-30",
    "call_at": "2026-11-30T09:30:00Z",
    "contact": "x@y.z",
    "half": 1.5,
    "pay": {"kind": "bank", "number": "DE1"},
    "address": {"street": "Elm", "city": "Bonn"},
    "home": {"street": "Oak", "city": "Ulm"},
    "lines": [{"sku": "A", "count": 1}, {"sku": "B", "count": 99}],
    "tags": ["vip", "eu"],
    "channels": ["phone"],
    "either": 7,
    "extra": {"a": 1},
}


def posted(fields: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
    return {name: [one] if isinstance(one, str) else one for name, one in fields.items()}


def understood(part: Part, fields: Mapping[str, str | list[str]]) -> tuple[Any, Problems, Typed]:
    typed = read(part, posted(fields))
    drop_empty_rows(part, typed)
    return *value_of(part, typed), typed


def drawn(part: Part, typed: Typed, problems: Problems | None = None) -> Element:
    """The form as a document; every form drawn in these tests is accessible."""
    fields, summary = draw_form(part, typed, problems or {})
    document = read_html(tag("form", tag("h1", "Form"), tag("ul", summary), fields))
    check_accessible(document)
    return document


def form_of(kind: Any) -> Part:
    return read_schema(TypeAdapter(kind).json_schema())


def test_a_whole_form_is_read_back() -> None:
    value, problems, typed = understood(EVERYTHING, GOOD)
    assert not problems
    assert value == VALUE
    assert jsonschema_rs.validator_for(Everything.model_json_schema()).is_valid(value)
    assert Everything.model_validate(value).amount == Decimal("12.30")
    # What was sent stands in the page that is drawn of it, and would be sent again.
    sent = typed_in(drawn(EVERYTHING, typed))
    again = understood(EVERYTHING, sent)
    assert again[:2] == (value, {})
    assert sent["form/pay/card/number"] == ["left over"]


def test_at_first_the_defaults_stand_there() -> None:
    sent = typed_in(drawn(EVERYTHING, blank(EVERYTHING)))
    shown = {name: values[0] for name, values in sent.items() if any(values)}
    assert shown == {
        "form/colour": "blue",
        "form/country": "DE",
        "form/shipping": "true",
        "form/contact": "a@b.c",
        "form/half": "0.5",
        "form/home/city": "Berlin",
        "form/address/city": "Berlin",
        "rows:form/lines": "1",
        "rows:form/tags": "1",
        "form/channels": "mail",
        "form/extra": "{}",
    }


def test_all_that_is_wrong_is_said_beside_its_field() -> None:
    wrong = GOOD | {
        "form/amount": "1.000,50",
        "form/reason": "",
        "form/country": "XX",
        "form/is_urgent": "",
        "form/due": "soon",
        "form/call_at": "noon",
        "form/contact": "me",
        "form/half": "0.7",
        "form/pay/bank/number": " ",
        "form/home/street": "",
        "form/lines/0/count": "0",
        "form/lines/1/sku": "",
        "form/extra": "{no",
        "form/either/1": "seven",
    }
    value, problems, typed = understood(EVERYTHING, wrong)
    assert problems == {
        "amount": "Write digits alone, like 1234.50.",
        "reason": "Choose one.",
        "country": "Choose one.",
        "is_urgent": "Choose Yes or No.",
        "due": "Write a date like 2026-01-31.",
        "call_at": "Write date and time like 2026-01-31T09:30.",
        "contact": "Write an e-mail address like ann@example.com.",
        "half": "Give a multiple of 0.5.",
        "pay.number": "Fill this in.",
        "home.street": "Fill this in.",
        "lines[0].count": "Give at least 1.",
        "lines[1].sku": "Fill this in.",
        "extra": problems["extra"],
        "either": "Write digits alone, like 1234.",
    }
    assert "not JSON" in problems["extra"]
    assert value["amount"] == "1.000,50"
    document = drawn(EVERYTHING, typed, problems)
    assert typed_in(document)["form/amount"] == ["1.000,50"]
    amount = document.one("input", id="form/amount")
    assert amount.attributes["aria-invalid"] == "true"
    assert document.one(id="form/amount-problem").text == "Error: Write digits alone, like 1234.50."
    # The summary leads to every one of them, and names which of several it is.
    links = {one.attributes["href"]: one.text for one in document.all("a")}
    assert len(links) == len(problems)
    assert links["#form/lines/1/sku"] == "Line 2, Article: Fill this in."
    ids = {one.attributes.get("id") for one in document.all()}
    assert {href[1:] for href in links} <= ids
    # Another variant has a field of that name too: nothing is wrong with that one.
    assert not document.all(id="form/pay/card/number-problem")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (str, "", "Fill this in."),
        (str, " x ", ("x",)),
        (int, "12", (12,)),
        (int, "1.5", "Give a whole number."),
        (int, "1e3", "Write digits alone, like 1234."),
        (int, "²", "Write digits alone, like 1234."),
        (int, "9" * 400, "Write digits alone, like 1234."),
        (float, "-.5", (-0.5,)),
        (float, "nan", "Write digits alone, like 1234.50."),
        (Decimal, "0.10", ("0.10",)),
        (date, "2026-02-30", "Write a date like 2026-01-31."),
        (datetime, "2026-11-30T09:30:15+02:00", ("2026-11-30T09:30:15+02:00",)),
        (Optional[int], "", (None,)),  # noqa: UP045
        (dict[str, int], '{"a": 1}', ({"a": 1},)),
        (Any, "null", (None,)),
        (Literal[1, 2], "2", (2,)),
        (Literal[True, "x"], "Yes", (True,)),
    ],
)
def test_single_fields(kind: Any, text: str, expected: Any) -> None:
    part = form_of(kind)
    value, problems, typed = understood(part, {"form": text})
    assert (problems["$"] if problems else (value,)) == expected
    drawn(part, typed, problems)


def test_bounds_are_told_and_held() -> None:
    class Bounded(BaseModel):
        count: int = Field(ge=1, lt=10, multiple_of=2)
        name: str = Field(min_length=2, max_length=3)
        many: list[str] = Field(max_length=1)

    part = form_of(Bounded)
    document = drawn(part, blank(part))
    assert document.one(id="form/count-hint").text == "At least 1, less than 10, in steps of 2"
    assert document.one("input", id="form/count").attributes["inputmode"] == "numeric"
    rows = {"rows:form/many": "2", "form/many/0": "a", "form/many/1": "b"}
    said = understood(part, {"form/count": "10", "form/name": "abcd", **rows})[1]
    assert said == {
        "count": "Give less than 10.",
        "name": "Write at most 3 characters: there are 4.",
        "many": "Give at most 1.",
    }
    assert understood(part, {"form/count": "3", "form/name": "a"})[1]["count"] == "Give a multiple of 2."


def test_a_default_that_was_taken_out_does_not_come_back_in_silence() -> None:
    class Defaults(BaseModel):
        count: int = 5
        greeting: str = "Hello"
        farewell: str | None = "Bye"
        when: date | None = None
        hidden: int = Field(default_factory=lambda: 3)

    value, problems, _ = understood(form_of(Defaults), {})
    assert problems == {"count": "Give a number."}
    assert value == {"greeting": "", "farewell": None, "when": None}


def test_rows_come_and_go_and_nothing_else_changes() -> None:
    typed = read(EVERYTHING, posted(GOOD))
    assert change_rows(EVERYTHING, typed, "add:form/lines") == "form/lines/2"
    assert change_rows(EVERYTHING, typed, "remove:form/lines/0") == "form/lines"
    assert change_rows(EVERYTHING, typed, "add:form/tags") == "form/tags/3"
    for unknown in ("add:form/nope", "remove:form/lines/9", "remove:form/lines", "approve", ""):
        assert change_rows(EVERYTHING, typed, unknown) is None
    sent = typed_in(drawn(EVERYTHING, typed))
    assert (sent["rows:form/lines"], sent["form/lines/0/sku"], sent["form/lines/1/sku"]) == (
        ["2"],
        ["B"],
        [""],
    )
    assert sent["form/amount"] == ["12.30"]
    document = drawn(EVERYTHING, typed)
    assert document.all("button", value="remove:form/lines/1")
    assert {one.attributes["name"] for one in document.all("button")} == {"do"}


def test_a_list_that_is_full_takes_no_more() -> None:
    typed = read(EVERYTHING, posted(GOOD | {"rows:form/lines": "3", "rows:form/tags": "9999"}))
    assert not drawn(EVERYTHING, typed).all("button", value="add:form/lines")
    assert len(typed.members["tags"].rows) == 100


def test_a_schema_that_refers_to_itself_ends() -> None:
    class Node(BaseModel):
        name: str
        children: list["Node"] = []
        parent: Optional["Node"] = None

    part = form_of(Node)
    assert {name: one.kind for name, one in part.members} == {
        "name": "text",
        "children": "json",
        "parent": "json",
    }
    value, problems, _ = understood(part, {"form/name": "a", "form/children": '[{"name": "b"}]'})
    assert (value, problems) == ({"name": "a", "children": [{"name": "b"}], "parent": None}, {})


def test_a_schema_that_is_too_large_ends() -> None:
    leaf: dict[str, Any] = {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(9)}}
    for _ in range(6):
        leaf = {"type": "object", "properties": {f"p{i}": leaf for i in range(9)}}
    part = read_schema(leaf)

    def count(one: Part) -> int:
        return 1 + sum(count(member) for _, member in one.members)

    assert count(part) < MAX_PARTS + 9 * 10
    drawn(part, blank(part))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": ["string", "null"]},
        {"$ref": "#/$defs/nope"},
        {"$ref": "#"},
        {"allOf": [{"type": "string"}], "title": "T"},
        {"allOf": [{"type": "string"}, {"minLength": 3}]},
        {"anyOf": []},
        {"enum": [None, 1, "a"]},
        {"type": "array", "items": {}},
        {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "string", "format": 7, "title": 8, "description": ["x"], "examples": "e", "default": 5},
        {"type": "number", "minimum": "x", "multipleOf": 0},
        {"type": "object", "properties": {"": {"type": "string"}, "a/b~c d": {"type": "integer"}}},
        {"oneOf": [{"const": "a"}, {"const": "b"}]},
        {"anyOf": [{"type": "null"}]},
    ],
)
def test_any_schema_has_some_form(schema: dict[str, Any]) -> None:
    part = read_schema(schema)
    typed = blank(part)
    sent = typed_in(drawn(part, typed))
    value_of(part, read(part, sent))
    sent = {name: ["7"] for name in sent}
    _, problems = value_of(part, read(part, sent))
    drawn(part, read(part, sent), problems)


def test_names_may_hold_anything() -> None:
    part = read_schema(
        {"type": "object", "properties": {"a/b~c d": {"type": "integer"}, "x": {"type": "string"}}}
    )
    (name, _) = typed_in(drawn(part, blank(part)))
    assert name == "form/a~1b~0c d"
    assert understood(part, {name: "3"})[0]["a/b~c d"] == 3


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "given:form/home", "do", "form"]),
        st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=6), min_size=1, max_size=2)
        | st.sampled_from([["2"], ["bank"], ["{}"], [""]]),
    )
)
def test_whatever_is_sent_is_drawn_again(fields: dict[str, list[str]]) -> None:
    value, problems, typed = understood(EVERYTHING, fields)
    document = drawn(EVERYTHING, typed, problems)
    again = understood(EVERYTHING, typed_in(document))
    assert again[:2] == (value, problems)
