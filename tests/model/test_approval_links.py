"""Links of approvals: only ours open, each for one environment, approval, person and end."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.model.approval_links import is_signed, link_of, read_person
from mainspring.model.approvals import Approval

KEY, OTHER_KEY = b"k" * 64, b"l" * 64
FACTS: dict[str, Any] = dict.fromkeys(Approval.__slots__)
ONE = Approval(**{**FACTS, "id": "apr_1", "environment_id": "env_1", "expires_at": 7})
PEOPLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(PEOPLE)
def test_a_link_opens_for_whom_it_was_made(person: str) -> None:
    _, _, id, who, signature = link_of(KEY, ONE, person).split("/")
    assert id == ONE.id
    assert read_person(who) == person
    assert is_signed(KEY, ONE, person, signature)
    assert not is_signed(OTHER_KEY, ONE, person, signature)


@pytest.mark.parametrize(
    "other",
    [{"id": "apr_2"}, {"environment_id": "env_2"}, {"expires_at": 8}, {"expires_at": None}],
    ids=["approval", "environment", "end", "no end"],
)
def test_it_opens_nothing_else(other: dict[str, Any]) -> None:
    signature = link_of(KEY, ONE, "ann").rpartition("/")[2]
    assert is_signed(KEY, ONE, "ann", signature)
    assert not is_signed(KEY, replace(ONE, **other), "ann", signature)


@given(PEOPLE, PEOPLE, st.text(max_size=50))
def test_what_was_made_up_opens_nothing(one: str, other: str, made_up: str) -> None:
    signature = link_of(KEY, ONE, one).rpartition("/")[2]
    assert is_signed(KEY, ONE, other, signature) == (one == other)
    assert is_signed(KEY, ONE, one, made_up) == (made_up == signature)
    for changed in (signature[:-1], signature + "=", signature.swapcase(), ""):
        assert not is_signed(KEY, ONE, one, changed)


@given(st.text(max_size=40))
def test_a_name_is_written_in_one_way(text: str) -> None:
    person = read_person(text)
    if person is not None:
        assert link_of(KEY, ONE, person).split("/")[3] == text
