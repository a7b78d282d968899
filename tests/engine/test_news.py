"""What is shown live never skips what commits late, and is not held back by what never will."""

from contextlib import suppress
from typing import Any

import pytest

import postgres
from mainspring.clock import SECOND, FakeClock
from mainspring.engine.news import Edge, environment_news
from mainspring.storage.open import open_database


class Looks:
    """Answers `history_edge` with the next of these, and `count_history` with how many are there."""

    def __init__(self, *edges: tuple[int, int, int], missing: int = 1) -> None:
        self.edges = list(edges)
        self.missing = missing

    def row(self, statement: str, **values: Any) -> tuple[int, ...]:
        if statement == "count_history":
            return (values["until"] - values["after"] - self.missing,)
        return self.edges.pop(0)


def settled(edge: Edge, looks: Looks) -> int:
    return edge.look(looks)[0]  # type: ignore[arg-type]  # as much of a transaction as is asked


def test_with_one_writer_everything_is_settled() -> None:
    assert settled(Edge(FakeClock()), Looks((7, 0, 0))) == 7


def test_an_older_transaction_holds_back_what_is_newer() -> None:
    edge = Edge(FakeClock())
    # 10 is under way, and may hold any sequence below 7, until nothing before 12 is.
    looks = Looks((7, 10, 12), (9, 11, 14), (9, 12, 14), (9, 14, 14))
    assert [settled(edge, looks) for _ in range(4)] == [0, 0, 7, 9]


def test_without_a_gap_nothing_is_held_back() -> None:
    assert settled(Edge(FakeClock()), Looks((7, 10, 12), missing=0)) == 7


def test_a_look_from_before_is_not_promised_what_was_settled_later() -> None:
    edge = Edge(FakeClock())
    looks = Looks((7, 10, 12), (7, 12, 13), (7, 10, 12))
    # The third one's view is as old as the first's: it does not see what 10 and 11 have committed since.
    assert [settled(edge, looks) for _ in range(3)] == [0, 7, 0]


def test_a_transaction_that_cannot_be_ours_is_not_waited_for() -> None:
    clock = FakeClock()
    edge = Edge(clock)
    looks = Looks((7, 10, 12), (7, 10, 12))
    assert settled(edge, looks) == 0
    clock.advance(61 * SECOND)
    assert settled(edge, looks) == 7


@pytest.mark.parametrize("is_kept", [True, False])
def test_on_postgres_what_commits_late_is_not_skipped(is_kept: bool) -> None:
    """Two servers write; the one that drew its sequence first commits last, or never."""
    entry = {
        "run_id": "run_1",
        "at": 1,
        "kind": "RUN_CREATED",
        "task_key": None,
        "attempt": None,
        "data": None,
    }
    entry["environment_id"] = "env_1"
    with postgres.server().database() as url:
        first, second, reader = (open_database(url) for _ in range(3))
        edge = Edge(FakeClock())

        def sequences(after: int) -> tuple[list[int], int]:
            with reader.read() as tx:
                news = environment_news(tx, "env_1", edge, after, 100)
            return [one.sequence for one in news.entries], news.until

        try:
            with suppress(LookupError), first.write() as early:
                early.run("insert_entry", **entry)
                with second.write() as late:
                    late.run("insert_entry", **entry)
                held, after = sequences(0)
                assert held == []
                if not is_kept:
                    raise LookupError("never committed")
            told, _ = sequences(after)
            assert len(told) == 1 + is_kept
            assert told == sorted(told)
        finally:
            for database in (first, second, reader):
                database.close()
