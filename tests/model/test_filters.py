"""Filters: which payloads match, and what is no filter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.errors import InvalidFilter
from mainspring.model.filters import MAX_DEPTH, MAX_PARTS, check_filter, matches

PAYLOAD: dict[str, Any] = {
    "amount": 120,
    "currency": "usd",
    "test": False,
    "note": None,
    "tags": ["vip", "eu"],
    "placed_at": "2026-03-01T09:00:00Z",
    "customer": {"plan": "Pro", "address": {"country": "FR"}},
    "items": [{"sku": "a", "count": 1}, {"sku": "b", "count": 5}],
}

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
payloads = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@pytest.mark.parametrize(
    "filter",
    [
        {},
        {"amount": [120]},
        {"amount": [120.0]},
        {"currency": ["eur", "usd"]},
        {"test": [False]},
        {"note": [None]},
        {"amount": [{"$gte": 120}, {"$lt": 121}]},
        {"amount": [{"$gt": 119, "$lte": 120}]},
        {"amount": [{"$between": [120, 130]}]},
        {"placed_at": [{"$gte": "2026-01-01"}]},
        {"currency": [{"$startsWith": "us"}, {"$endsWith": "d"}]},
        {"currency": [{"$ignoreCaseEquals": "USD"}]},
        {"customer": {"plan": [{"$ignoreCaseEquals": "pro"}], "address": {"country": ["FR", "DE"]}}},
        {"amount": [{"$exists": True}]},
        {"refund": [{"$exists": False}]},
        {"refund": {"reason": [{"$exists": False}]}},
        {"note": [{"$isNull": True}]},
        {"amount": [{"$isNull": False}]},
        {"currency": [{"$anythingBut": "eur"}]},
        {"currency": [{"$anythingBut": ["eur", "chf"]}]},
        {"refund": [{"$anythingBut": "full"}]},
        {"tags": [{"$includes": "vip"}]},
        {"currency": [{"$not": "eur"}]},
        {"currency": [{"$not": ["eur", "chf"]}]},
        {"currency": [{"$not": {"$startsWith": "e"}}]},
        {"tags": [{"$not": {"$includes": "blocked"}}]},
        {"amount": [{"$not": {"$gt": 100, "$lt": 110}}]},
        {"items": {"sku": ["b"], "count": [{"$gte": 5}]}},
    ],
)
def test_filters_that_match(filter: dict[str, Any]) -> None:
    check_filter(filter)
    assert matches(filter, PAYLOAD)


@pytest.mark.parametrize(
    "filter",
    [
        {"amount": ["120"]},
        {"test": [0]},
        {"amount": [True]},
        {"currency": ["eur"]},
        {"amount": [{"$gt": 120}]},
        {"amount": [{"$gte": "120"}]},
        {"currency": [{"$gte": 1}]},
        {"test": [{"$gte": 0}]},
        {"refund": [{"$gte": 0}]},
        {"refund": [None]},
        {"amount": [{"$between": [121, 130]}]},
        {"amount": [{"$startsWith": "1"}]},
        {"refund": [{"$exists": True}]},
        {"note": [{"$exists": False}]},
        {"refund": [{"$isNull": True}]},
        {"tags": ["vip"]},
        {"tags": [{"$includes": "blocked"}]},
        {"currency": [{"$includes": "u"}]},
        {"currency": [{"$anythingBut": ["usd"]}]},
        {"currency": [{"$not": {"$startsWith": "u"}}]},
        {"customer": {"plan": ["Pro"], "address": {"country": ["DE"]}}},
        {"amount": {"value": [120]}},
        {"items": {"sku": ["a"], "count": [5]}},
        {"tags": {"name": ["vip"]}},
    ],
)
def test_filters_that_do_not_match(filter: dict[str, Any]) -> None:
    check_filter(filter)
    assert not matches(filter, PAYLOAD)


def test_in_a_list_of_objects_one_that_matches_is_enough() -> None:
    assert matches({"sku": ["b"]}, PAYLOAD["items"])
    assert not matches({"sku": ["c"]}, PAYLOAD["items"])
    assert not matches({"sku": ["c"]}, [])


@pytest.mark.parametrize("payload", [None, 1, "text", True, []])
def test_a_payload_without_fields_has_none(payload: Any) -> None:
    assert not matches({"amount": [1]}, payload)
    assert matches({}, payload) is (payload != [])


@pytest.mark.parametrize(
    ("filter", "path", "mend"),
    [
        ([], "", "Mirror the payload"),
        ("amount > 3", "", "Mirror the payload"),
        ({1: [2]}, "", "Mirror the payload"),
        ({"amount": 100}, "amount", "Write [100]."),
        ({"plan": "pro"}, "plan", "Write ['pro']."),
        ({"amount": {"$gte": 100}}, "amount.$gte", "Put matchers into a list"),
        ({"$gte": 100}, "$gte", "Put matchers into a list"),
        ({"amount": []}, "amount", "list what may match"),
        ({"amount": [1, {"$gte": 2}]}, "amount", "Use one kind"),
        ({"amount": [[1]]}, "amount[0]", "Mirror the payload"),
        ({"amount": [float("nan")]}, "amount[0]", "Mirror the payload"),
        ({"amount": [{}]}, "amount[0]", "Give it an operator"),
        ({"amount": [{"$regex": ".*"}]}, "amount[0]", "$gte"),
        ({"amount": [{"gte": 1}]}, "amount[0]", "$gte"),
        ({"amount": [{"$gte": None}]}, "amount[0].$gte", "$gte takes a number or a text"),
        ({"amount": [{"$gte": True}]}, "amount[0].$gte", "$gte takes a number or a text"),
        ({"amount": [{"$between": [5, 1]}]}, "amount[0].$between", "the lower first"),
        ({"amount": [{"$between": [1, "2"]}]}, "amount[0].$between", "the lower first"),
        ({"amount": [{"$between": [1]}]}, "amount[0].$between", "the lower first"),
        ({"name": [{"$startsWith": 1}]}, "name[0].$startsWith", "takes a text"),
        ({"name": [{"$exists": "yes"}]}, "name[0].$exists", "takes true or false"),
        ({"name": [{"$anythingBut": []}]}, "name[0].$anythingBut", "a plain value or a list"),
        ({"name": [{"$not": {"$gone": 1}}]}, "name[0].$not", "$gte"),
        ({"name": [{"$includes": ["a"]}]}, "name[0].$includes", "takes a plain value"),
    ],
)
def test_what_is_no_filter_is_refused_with_path_and_mend(filter: Any, path: str, mend: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        check_filter(filter)
    assert caught.value.path == path
    assert mend in str(caught.value)


def test_depth_and_size_have_limits() -> None:
    deep: dict[str, Any] = {"x": [1]}
    for _ in range(MAX_DEPTH + 1):
        deep = {"x": deep}
    negated: dict[str, Any] = {"$exists": True}
    for _ in range(MAX_DEPTH + 1):
        negated = {"$not": negated}
    for filter in (deep, {"x": [negated]}):
        with pytest.raises(InvalidFilter, match=f"more than {MAX_DEPTH} levels deep"):
            check_filter(filter)
    for filter in ({"x": list(range(MAX_PARTS + 1))}, {f"x{n}": {} for n in range(MAX_PARTS + 1)}):
        with pytest.raises(InvalidFilter, match=f"at most {MAX_PARTS} parts"):
            check_filter(filter)


@given(payloads, payloads)
def test_whatever_passes_the_check_can_be_asked(filter: Any, payload: Any) -> None:
    try:
        check_filter(filter)
    except InvalidFilter:
        return
    assert matches(filter, payload) in (True, False)


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key[0] != "$"), plain, max_size=5))
def test_a_payload_matches_the_filter_that_lists_its_values(payload: dict[str, Any]) -> None:
    filter = {key: [value] for key, value in payload.items() if value not in (float("inf"), float("-inf"))}
    check_filter(filter)
    assert matches(filter, payload)


@given(plain, plain)
def test_not_turns_every_answer_round(wanted: Any, value: Any) -> None:
    filter: dict[str, Any] = {"x": [{"$anythingBut": wanted}]}
    turned: dict[str, Any] = {"x": [{"$not": {"$anythingBut": wanted}}]}
    for payload in ({"x": value}, {}):
        assert matches(filter, payload) is not matches(turned, payload)
