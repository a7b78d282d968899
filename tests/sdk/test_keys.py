"""Task keys: what is refused, and how one becomes a segment of a full key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.errors import DefinitionError
from mainspring.sdk.keys import MAX_KEY, check_key, segment


@pytest.mark.parametrize("key", ["", "  ", "a\x00b", "two\nlines", "\ud800", "x" * (MAX_KEY + 1), 3, None])
def test_a_bad_key_is_refused_naming_the_call(key: Any) -> None:
    with pytest.raises(DefinitionError, match=r"io\.run_task got"):
        check_key(key, "io.run_task")


@pytest.mark.parametrize("key", ["charge", "fetch https://example.com/a#b", "größe", "x" * MAX_KEY])
def test_other_texts_are_keys(key: str) -> None:
    assert check_key(key, "io.run_task") == key


@given(st.text())
def test_a_segment_never_looks_like_a_nested_or_repeated_key(key: str) -> None:
    assert not set(segment(key)) & {"/", "#"}


def test_plain_keys_stay_as_they_are() -> None:
    assert segment("charge card 2") == "charge card 2"
    assert segment("a/b#2") == "a%2Fb%232"
