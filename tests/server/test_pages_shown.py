"""What is shown to people: facts, tables, long texts; and nothing that they are shown does anything."""

from typing import Any

import pytest

from documents import Element, check_accessible, read_html
from mainspring.server.pages.approvals import Entry, asking_page, refused_page, told_page
from mainspring.server.pages.html import clean, escape, join, tag
from mainspring.server.pages.layout import span_words
from mainspring.server.pages.schema import read_schema
from mainspring.server.pages.shown import show
from mainspring.server.pages.typed import blank
from mainspring.server.pages.views import Asked, Outcome, Round, Said, Sheet

#: What has broken out of pages elsewhere.
ATTACKS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<!--><script>alert(1)</script>",
    "javascript:alert(1)",
    "https://x/\"onclick=\"alert(1)",
    "&lt;script&gt;&#60;b&#62;",
    "<svg/onload=alert(1)>",
    "{{7*7}}${7*7}%s{0}",
    "\u202e)1(trela\u202c",
    "a\x00\x08<b",
    "]]><script>alert(1)</script>",
    "\u2028<script>",
]  # fmt: skip


def shown(value: Any) -> Element:
    document = read_html(show(value))
    check_accessible(document)
    return document


def test_facts_stand_in_a_list_of_them() -> None:
    document = shown({"order_id": "A-1", "paid": True, "left": None, "total": "12.30", "to": {"city": "Ulm"}})
    assert [one.text for one in document.all("dt")] == ["Order id", "Paid", "Left", "Total", "To", "City"]
    assert [one.text for one in document.all("dd")] == ["A-1", "Yes", "none", "12.30", "City Ulm", "Ulm"]


def test_like_things_stand_in_a_table() -> None:
    document = shown([{"sku": "A", "count": 1}, {"sku": "B", "count": 20, "note": None}])
    assert [one.text for one in document.all("th")] == ["Sku", "Count", "Note"]
    assert [one.text for one in document.all("td")] == ["A", "1", "none", "B", "20", "none"]
    assert [one.text for one in document.all("td", class_="number")] == ["1", "20"]
    assert not shown([{"a": [1]}, {"a": [2]}]).all("table")
    assert not shown([{str(n): n for n in range(9)}] * 2).all("table")
    assert [one.text for one in shown(["a", "b"]).all("li")] == ["a", "b"]


def test_texts_keep_their_lines_and_numbers_their_digits() -> None:
    assert "one\n\ntwo" in show({"letter": "one\n\ntwo"})
    assert "12345678901234567890" in show(12345678901234567890)
    assert shown("").text == "empty"
    assert shown([]).text == "none"
    assert "490 more" not in shown(list(range(10))).text
    assert "and 10 more" in shown(list(range(510))).text


def test_only_whole_addresses_of_the_web_are_links() -> None:
    (link,) = shown("https://shop.com/a?b=1&c=2").all("a")
    assert link.attributes["href"] == link.text == "https://shop.com/a?b=1&c=2"
    assert link.attributes["rel"] == "noopener noreferrer nofollow"
    for text in ("javascript:alert(1)", "see https://shop.com", "https://a b", "data:text/html,x", "HTTPS"):
        assert not shown(text).all("a")


def test_what_is_encrypted_says_so_and_nothing_deep_breaks_the_page() -> None:
    sealed = {"$encrypted": "mainspring:c4n4ry"}
    for value in (sealed, {"a": sealed}, [sealed, sealed]):
        assert "Encrypted" in show(value)
        assert "c4n4ry" not in show(value)
    deep: Any = "end"
    for _ in range(200):
        deep = {"a": deep}
    assert "end" in shown(deep).text


def test_the_one_way_to_html_escapes() -> None:
    assert tag("p", "<b>", tag("i", "&"), None, ["x", ["y"]]) == "<p>&lt;b&gt;<i>&amp;</i>xy</p>"
    assert (
        tag("input", value='"<', checked=True, disabled=False, id=None)
        == '<input value="&quot;&lt;" checked>'
    )
    assert tag("textarea", "\nx") == "<textarea>\n\nx</textarea>"
    # Text that was put together with HTML is text again: nothing slips through.
    assert join("<" + tag("b", "x")) == "&lt;&lt;b&gt;x&lt;/b&gt;"
    assert escape("a\u202eb\x07") == "a\ufffdb\ufffd"
    assert clean("a\r\nb\rc\x00\u202e\td") == "a\nb\nc\td"
    assert [span_words(n * 1_000_000) for n in (5, 60, 7_200, 86_400)] == [
        "less than a minute",
        "1 minute",
        "2 hours",
        "1 day",
    ]


def sheet(text: str, **changes: Any) -> Sheet:
    """An approval in which everything that people say is `text`."""
    said = Said(text, "reject", 1, text, {text: text})
    facts: dict[str, Any] = {
        "id": text,
        "title": text,
        "run_id": text,
        "status": "WAITING",
        "show": {text: [text, {text: text}], "rows": [{text: text}, {text: 1}]},
        "created_at": 1,
        "expires_at": 2,
        "ended_at": 3,
        "now": 1,
        "person": text,
        "people": (Asked(text), Asked(text + "2", gave_to=text, has_from=text)),
        "answers": (Said(text + "2", "approve", 1, text, text),),
        "quorum": 2,
        "revision": 3,
        "requested_by": text,
        "earlier": (Round(1, "REJECTED", text, (said,)), Round(2, "EXPIRED", {text: text})),
    }
    return Sheet(**{**facts, **changes})


@pytest.mark.parametrize("number", range(len(ATTACKS)))
def test_nothing_that_people_say_does_anything(number: int) -> None:
    text = ATTACKS[number]
    schema = {
        "type": "object",
        "properties": {
            text: {"type": "string", "title": text, "description": text, "examples": [text], "default": text},
            "long": {"type": "string", "format": "textarea", "default": text},
            "pick": {"enum": [text, "b"]},
            "many": {"type": "array", "items": {"enum": [text, *"abcdefg"]}},
            "rows": {"type": "array", "title": text, "items": {"type": "string"}, "default": [text]},
            "one": {"title": text, "oneOf": [{"$ref": "#/$defs/x"}, {"type": "integer"}],
                    "discriminator": {"propertyName": "k", "mapping": {text: "#/$defs/x"}}},
            "maybe": {"title": text, "type": "object", "properties": {"a": {"type": "string"}}},
        },
        "$defs": {"x": {"title": text, "description": text, "type": "object", "properties": {text: {"const": text}}}},
    }  # fmt: skip
    form = read_schema(schema)
    problems = {text: text, "many": text, "$": text, "nowhere": text}
    entry = Entry(
        form, blank(form), text, text, text, problems, {"by": text, "to": text, "comment": text}, text
    )
    ends: list[Outcome] = ["WAITING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED"]
    pages = [
        asking_page(sheet(text), entry),
        asking_page(sheet(text, person=None), Entry(notice=text)),
        *[told_page(sheet(text, status=end), text) for end in ends],
        told_page(sheet(text, answers=(Said(text, "approve", 1, text, text),)), text),
        refused_page(text, text),
    ]
    for page in pages:
        document = read_html(page.removeprefix("<!doctype html>"))
        check_accessible(document)
        assert len(document.all("style")) == 1
        assert document.one("h1").text.replace("\ufffd", "") == " ".join(clean(text).split())
