"""Channels: where the fact that resolves a wait is announced. Two different waits never share one."""

from hypothesis import given
from hypothesis import strategies as st

from mainspring.model.waits import WaitSpec, channel_of, event_channel

#: Event names hold no newline; correlation ids may hold anything.
names = st.text(st.characters(blacklist_characters="\n"), min_size=1)
correlation_ids = st.none() | st.text()


def test_only_time_needs_no_channel() -> None:
    assert channel_of(WaitSpec("time", delay=1)) is None
    assert channel_of(WaitSpec("retry", delay=1)) is None
    assert channel_of(WaitSpec("run", target_run_id="run_1")) == "run:run_1"
    assert channel_of(WaitSpec("token", token_id="tok_1")) == "token:tok_1"
    assert channel_of(WaitSpec("event", event_name="paid")) == event_channel("paid", None)


@given(names, correlation_ids, names, correlation_ids)
def test_ids_never_cross(name: str, one: str | None, other_name: str, other: str | None) -> None:
    same = (name, one) == (other_name, other)
    assert (event_channel(name, one) == event_channel(other_name, other)) is same
