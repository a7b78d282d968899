"""The codec: what is kept can be read again, and what cannot be kept is refused with its path."""

import dataclasses
import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_serializer

from mainspring.codec import MAX_DEPTH, clean_text, decode, decode_body, encode
from mainspring.errors import InvalidText, MainspringError, MalformedJson, TooLarge, Unserialisable

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda children: st.lists(children) | st.dictionaries(texts, children),
    max_leaves=30,
)


@dataclasses.dataclass
class Item:
    when: Any


class Order(BaseModel):
    id: str
    items: list[Any] = []


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def encoded(value: Any) -> str:
    return encode(value, what="the output of task 'charge'")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────
@given(json_values)
def test_what_is_kept_is_read_again(value: Any) -> None:
    text = encoded(value)
    assert decode(text) == value
    assert json.loads(text) == value


def test_models_dataclasses_and_datetimes_are_kept() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    assert encoded(Order(id="o1", items=[Item(when)])) == (
        '{"id":"o1","items":[{"when":"2026-01-01T00:00:00Z"}]}'
    )


def test_nan_and_infinity_become_null() -> None:
    assert encoded([math.nan, math.inf, -math.inf, 1.5]) == "[null,null,null,1.5]"


def test_keys_need_not_be_texts() -> None:
    assert encoded({1: "a", None: "b", (2, 3): "c"}) == '{"1":"a","None":"b","2,3":"c"}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), ""),
        ({"items": [1, 2, {"when": object()}]}, "items[2].when"),
        ({"items": [Item(lambda: 1)]}, "items[0].when"),
        (Order(id="o1", items=[[range(3)]]), "items[0][0]"),
        ({"an odd key": [object()]}, "['an odd key'][0]"),
        ({"deep": {7: object()}}, "deep[7]"),
    ],
)
def test_a_foreign_object_is_refused_with_its_path_and_type(value: Any, path: str) -> None:
    with pytest.raises(Unserialisable, match="which JSON cannot hold") as caught:
        encoded(value)
    assert caught.value.path == path
    assert caught.value.message.startswith("the output of task 'charge'")
    assert path in caught.value.message


def test_a_cycle_is_refused_where_it_closes() -> None:
    order: dict[str, Any] = {"id": "o1", "lines": []}
    order["lines"].append({"order": order})
    with pytest.raises(Unserialisable, match="contains itself") as caught:
        encoded(order)
    assert caught.value.path == "lines[0].order"


def test_depth_has_a_limit_and_what_is_at_the_limit_can_be_read() -> None:
    assert decode(encoded(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    for levels in (MAX_DEPTH + 1, 10_000):
        with pytest.raises(Unserialisable, match=f"more than {MAX_DEPTH} levels deep"):
            encoded(nested(levels))


def test_a_number_too_long_to_be_read_again_is_not_kept() -> None:
    assert decode(encoded(10**4_299)) == 10**4_299
    with pytest.raises(Unserialisable, match="more than 4,300 digits") as caught:
        encoded({"n": [10**4_300]})
    assert caught.value.path == "n[0]"


def test_a_serialiser_that_raises_is_refused_with_its_words() -> None:
    class Moody(BaseModel):
        id: int

        @field_serializer("id")
        def refuse(self, value: int) -> int:
            raise ValueError("not today")

    with pytest.raises(Unserialisable, match="not today"):
        encoded([Moody(id=1)])


def test_an_iterator_that_holds_a_foreign_object_is_refused() -> None:
    with pytest.raises(Unserialisable, match="the output of task 'charge'"):
        encoded(object() for _ in range(3))


@pytest.mark.parametrize(
    ("value", "path", "what"),
    [
        ({"name": ["ok", "a\x00b"]}, "name[1]", "NUL"),
        ({"name": "\ud800"}, "name", "surrogate"),
        ({"a\x00": 1}, "", "NUL"),
        ({"raw": b"\xff"}, "raw", "not UTF-8"),
    ],
)
def test_texts_that_no_database_takes_are_refused(value: Any, path: str, what: str) -> None:
    with pytest.raises(InvalidText, match=what) as caught:
        encoded(value)
    assert caught.value.path == path


def test_a_text_that_only_looks_like_an_escaped_nul_is_kept() -> None:
    for text in ("\\u0000", "\\\\u0000", "u0000"):
        assert decode(encoded(text)) == text


def test_too_large_names_size_limit_and_setting() -> None:
    with pytest.raises(TooLarge, match=r"102 bytes .* the limit is 100 \(max_payload_bytes\)") as caught:
        encode("x" * 100, what="the payload", limit=100)
    assert (caught.value.size, caught.value.limit, caught.value.setting) == (102, 100, "max_payload_bytes")
    assert encode("é", what="the payload", limit=4) == '"é"'


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "line", "column", "position"),
    [
        ('{"a": 1 "b"}', 1, 9, 8),
        ('{\n "é": "é" x}', 2, 11, 12),
        ("NaN", 1, 1, 0),
        ("[1,", 1, 3, 2),
    ],
)
def test_malformed_json_names_its_place(text: str, line: int, column: int, position: int) -> None:
    for form in (text, text.encode()):
        with pytest.raises(MalformedJson, match=f"line {line}, column {column}") as caught:
            decode(form)
        assert (caught.value.line, caught.value.column) == (line, column)
        assert caught.value.position == position


def test_a_text_with_a_surrogate_is_no_json() -> None:
    with pytest.raises(InvalidText, match="surrogate"):
        decode('"\ud800"')


def test_a_body_is_read() -> None:
    assert decode_body(b'\xef\xbb\xbf{"name": "\\u00e9 \\\\u0000"}', limit=100) == {"name": "é \\u0000"}


@pytest.mark.parametrize(
    ("body", "kind", "what"),
    [
        (b"", MalformedJson, "empty"),
        (b" \n", MalformedJson, "empty"),
        (b"{'a': 1}", MalformedJson, "line 1, column 2"),
        (b'"\xff"', MalformedJson, "not UTF-8 at byte 1"),
        (b"[" * 10_000, MalformedJson, "more than 200 levels"),
        (b'{"a":' * 10_000, MalformedJson, "more than 200 levels"),
        (b"9" * 5_000, MalformedJson, "out of range"),
        (b'{"a": ["x", "\\u0000"]}', InvalidText, r"`a\[1\]` holds a NUL"),
        (b'"\\ud800"', InvalidText, "surrogate"),
        (b'"\\udc00 x"', InvalidText, "surrogate"),
        (b'"' + b"x" * 20_000 + b'"', TooLarge, "max_body_bytes"),
    ],
)
def test_bodies_from_outside_are_checked(body: bytes, kind: type[MainspringError], what: str) -> None:
    with pytest.raises(kind, match=what):
        decode_body(body, limit=15_000 if kind is TooLarge else 60_000)


@given(st.binary(max_size=200))
def test_no_body_brings_down_the_reader(body: bytes) -> None:
    try:
        value = decode_body(body, limit=100)
    except (MalformedJson, InvalidText, TooLarge):
        return
    assert decode(encoded(value)) == value


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────
def test_clean_text_replaces_what_cannot_be_stored() -> None:
    assert clean_text("a\x00b\ud800é") == "a\ufffdb\ufffdé"


def test_clean_text_cuts_with_a_note() -> None:
    cut = clean_text("x" * 100_000, limit=1_000)
    assert cut.endswith("… (cut: 100,000 characters in all)")
    assert len(cut.encode()) == 1_000


@given(st.text(st.characters(), max_size=200), st.integers(60, 300))
def test_clean_text_can_always_be_stored(text: str, limit: int) -> None:
    clean = clean_text(text, limit)
    assert len(clean.encode()) <= limit
    assert "\x00" not in clean
    assert decode(encoded(clean)) == clean
