"""What is asked of payloads by path."""

import json
from typing import Any

import pytest

from mainspring.errors import BadRequest
from mainspring.model.payload_paths import PayloadTerm, payload_term, value_at

ORDER = {
    "order_id": "o1",
    "amount": 120,
    "rate": 2.5,
    "vip": True,
    "note": None,
    "number": "007",
    "items": [{"sku": "A-7", "n": 1}, {"sku": "B-8", "n": 20}],
    "labels": ["red", "blue"],
    "a.b": {"c": "dotted"},
    'say "hi"': 'a "quoted"\ntext \u00e9',
    "secret": {"$encrypted": "mainspring:abc"},
}


@pytest.mark.parametrize(
    ("path", "text", "is_there"),
    [
        ("order_id", "o1", True),
        ("order_id", "o", False),
        ("order_id", '"o1"', True),
        ("amount", "120", True),
        ("amount", "120.0", True),
        ("amount", '"120"', False),
        ("amount", "12", False),
        ("rate", "2.5", True),
        ("rate", "2.50", True),
        ("vip", "true", True),
        ("vip", "True", False),
        ("vip", "1", False),
        ("note", "null", True),
        ("number", "007", True),
        ("number", "7", False),
        ("items.0.sku", "A-7", True),
        ("items.1.sku", "A-7", False),
        ("items.sku", "B-8", True),
        ("items.n", "20", True),
        ("items.7.n", "20", False),
        ("labels", "blue", True),
        ("labels.0", "blue", False),
        ("a.b.c", "dotted", True),
        ('say "hi"', 'a "quoted"\ntext \u00e9', True),
        ("order_id.deeper", "o1", False),
        ("none", "o1", False),
        ("none", "null", False),
        ("secret.$encrypted", "mainspring:abc", False),
    ],
)
def test_a_payload_fits_what_is_written_so(path: str, text: str, is_there: bool) -> None:
    term = payload_term(path, text)
    assert term.fits(ORDER) is is_there


def kept_so(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def test_what_fits_has_the_needles_in_its_text() -> None:
    """Or a backslash: then the database hands it over, whatever it has."""
    terms = [PayloadTerm(path, text) for path, text in NEEDED]
    for term in terms:
        assert term.fits(ORDER)
        text = kept_so(ORDER)
        assert all(needle in text for needle in term.needles), term


NEEDED = [
    ("order_id", "o1"),
    ("amount", "120.0"),
    ("amount", "1.2e2"),
    ("vip", "true"),
    ("items.1.sku", "B-8"),
]


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("", "x", "is no path"),
        ("a..b", "x", "is no path"),
        (".".join("a" * 40), "x", "40 parts"),
        ("a", "x" * 2_000, "2,000 characters"),
        ("a", "\x00", "NUL"),
    ],
)
def test_what_is_no_path_is_refused_by_its_name(path: str, text: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        payload_term(path, text)
    assert refused.value.errors[0]["path"].startswith("payload.")


def test_a_column_shows_what_is_at_its_path() -> None:
    assert value_at(ORDER, "items.sku") == "A-7"
    assert value_at(ORDER, "a.b") == {"c": "dotted"}
    assert value_at(ORDER, "none.of.it") is None
