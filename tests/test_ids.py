"""Ids: prefixed, 26 Crockford characters, sortable by time, strictly increasing, not guessable."""

import os
import random
import re
import threading

from hypothesis import given
from hypothesis import strategies as st

from mainspring.clock import DAY, FakeClock
from mainspring.ids import IdSource, _randomness, new_id

FORM = re.compile(r"run_[0-9A-HJKMNP-TV-Z]{26}")


def test_an_id_has_its_prefix_and_form() -> None:
    assert FORM.fullmatch(new_id("run"))
    assert new_id("evt").startswith("evt_")


@given(st.lists(st.integers(-5 * DAY, 5 * DAY), max_size=50), st.integers(0, 2**32))
def test_ids_grow_strictly_whatever_the_clock_does(jumps: list[int], seed: int) -> None:
    clock = FakeClock()
    source = IdSource(clock.now, random.Random(seed))
    made = [source.new("run")]
    for jump in jumps:
        clock.shift(jump)
        made.append(source.new("run"))
    assert made == sorted(set(made))
    assert all(FORM.fullmatch(one) for one in made)


@given(st.integers(0, 2**54), st.integers(1, 2**53))
def test_ids_of_two_sources_sort_by_their_instants(at: int, later: int) -> None:
    early = IdSource(lambda: at, random.Random(1)).new("run")
    late = IdSource(lambda: at + later, random.Random(2)).new("run")
    assert early < late


def test_a_seeded_source_repeats_its_ids() -> None:
    one, other = (IdSource(FakeClock().now, random.Random(7)) for _ in range(2))
    assert [one.new("run") for _ in range(5)] == [other.new("run") for _ in range(5)]


def test_ids_of_one_microsecond_are_not_neighbours() -> None:
    source = IdSource(FakeClock().now, random.Random(7))
    tails = [source.new("run")[-8:] for _ in range(100)]
    assert len(set(tails)) == 100


def test_threads_never_get_the_same_id() -> None:
    made: list[str] = []
    source = IdSource(FakeClock().now, random.Random(7))
    threads = [
        threading.Thread(target=lambda: made.extend([source.new("run") for _ in range(500)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 2_000


def test_a_forked_process_does_not_repeat_its_parents_ids() -> None:
    source = IdSource(FakeClock().now)  # the same instant for all
    source.new("run")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, source.new("run").encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with open(reader, encoding="ascii") as answer:
        assert answer.read() != source.new("run")


@given(st.integers(1, 200))
def test_random_bits_fill_their_width_and_no_more(width: int) -> None:
    made = [_randomness.getrandbits(width) for _ in range(60)]
    assert all(0 <= bits < 1 << width for bits in made)
    assert max(made).bit_length() > width - 16
