"""Which failures belong together, and how a group stands that people resolve or ignore."""

import pytest

from mainspring.model.error_groups import ErrorGroup, Sighting, error_id, task_name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("charge", "charge"),
        ("charge#2", "charge"),
        ("page 17", "page *"),
        ("page-17#3", "page-*"),
        ("page17", "page*"),
        ("s3-upload", "s3-upload"),
        ("import/row 9#2/parse", "import/row */parse"),
        ("user 0b54d9a4-95c0-4d4e-8c43-0c9c8bd6a6c1", "user *"),
        ("user cafe1234", "user *"),
        ("feedback", "feedback"),
        ("for run_00000000000000000000000001", "for *"),
        ("mail ann@shop.com", "mail *"),
        ("get%2Fpage", "get%2Fpage"),
        ("2026-11-23", "*-*-*"),
    ],
)
def test_siblings_have_one_name(key: str, name: str) -> None:
    assert task_name(key) == name


def test_the_id_is_made_of_what_belongs_together() -> None:
    one = error_id("env", "bill", "charge", "ValueError")
    assert one == error_id("env", "bill", "charge", "ValueError")
    others = {
        error_id("prod", "bill", "charge", "ValueError"),
        error_id("env", "ship", "charge", "ValueError"),
        error_id("env", "bill", None, "ValueError"),
        error_id("env", "bill", "charge", "KeyError"),
    }
    assert len(others | {one}) == 5
    assert one.startswith("err_")
    assert len(one) == 30


def group() -> ErrorGroup:
    return ErrorGroup("err_1", "env", "bill", None, "E", "first", "unresolved", 1, 10, 10, "run_1")


def sight(at: int, runs: int = 1) -> Sighting:
    return Sighting(runs, at, at, f"run_{at}", f"at {at}")


def test_what_is_resolved_and_seen_again_is_open() -> None:
    one = group()
    assert one.resolve(20, "ann") is not None
    assert one.resolve(21, "bob") is None, "it was"
    assert (one.status, one.resolved_by, one.resolved_at) == ("resolved", "ann", 20)
    assert one.see(sight(5), is_new=False) is None, "an old failure, counted late"
    assert (one.status, one.runs, one.message, one.first_seen_at) == ("resolved", 2, "first", 5)
    change = one.see(sight(30), is_new=True)
    assert change is not None
    assert (change.kind, change.run_id, change.number) == ("came_back", "run_30", 2)
    assert (one.status, one.came_back_at, one.resolved_at) == ("unresolved", 30, 20)
    assert (one.runs, one.message, one.last_run_id) == (3, "at 30", "run_30")
    assert one.see(sight(31), is_new=True) is None


def test_what_is_ignored_stays_so() -> None:
    one = group()
    one.ignore(20, "ann", None, None)
    assert one.see(sight(30, 1_000), is_new=True) is None
    assert (one.status, one.runs) == ("ignored", 1_001)
    assert one.reopen(40, "ann") is not None
    assert one.reopen(41, "ann") is None


def test_what_is_ignored_for_some_runs_opens_with_the_next() -> None:
    one = group()
    one.ignore(20, None, None, 2)
    assert one.see(sight(30, 2), is_new=True) is None
    change = one.see(sight(31), is_new=True)
    assert change is not None
    assert change.kind == "ignore_ended"
    assert (one.status, one.ignored_runs, one.ignored_at) == ("unresolved", None, 20)


def test_what_came_back_and_is_spoken_of_is_as_any_other() -> None:
    one = group()
    one.resolve(20, None)
    one.see(sight(30), is_new=True)
    one.ignore(40, None, 50, None)
    assert one.came_back_at is None
    assert one.end_ignoring(50).kind == "ignore_ended"
    assert (one.status, one.ignored_until, one.changes) == ("unresolved", None, 4)
