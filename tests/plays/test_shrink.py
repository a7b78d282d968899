"""What is left of a list that breaks something, when entries are left out while it keeps breaking."""

from hypothesis import given
from hypothesis import strategies as st

from mainspring.testing.plays.schedule import read_schedule, write_schedule
from mainspring.testing.plays.shrink import shrunk


@given(st.lists(st.integers(0, 9), max_size=30), st.sets(st.integers(0, 9), max_size=3))
def test_what_is_left_still_breaks_and_has_nothing_to_spare(entries: list[int], culprits: set[int]) -> None:
    def breaks(kept: list[int]) -> bool:
        return culprits <= set(kept)

    kept = shrunk(entries, breaks)
    if breaks(entries):
        assert sorted(kept) == sorted(culprits)
    else:
        assert kept == entries


_MOMENTS = st.text(
    st.characters(codec="utf-8", exclude_characters="=;\n\r", exclude_categories=("Z", "C")), min_size=1
)


@given(st.dictionaries(_MOMENTS, st.sampled_from(["crash", "fail", "> 2", "late 1h"])))
def test_a_schedule_is_read_as_it_was_written(decisions: dict[str, str]) -> None:
    assert read_schedule(write_schedule(decisions)) == decisions
