"""What a replay from a task keeps, over every sort of task there is."""

from mainspring.model.replays import TaskOutline, kept_before, listed
from mainspring.model.tasks import TaskKind, TaskStatus


def task(
    key: str,
    began: int,
    status: TaskStatus = "SUCCESS",
    kind: TaskKind = "task",
    position: int | None = 1,
    began_at: int | None = None,
) -> TaskOutline:
    return TaskOutline(key, kind, status, position, began, began if began_at is None else began_at)


def kept(key: str, *tasks: TaskOutline) -> list[str]:
    return [one.key for one in kept_before({one.key: one for one in tasks}, key)]


def test_what_began_before_and_finished_is_kept_however_it_came_out() -> None:
    tasks = (task("c", 3), task("a", 1), task("b", 2, "FAILED"), task("d", 4))
    assert kept("c", *tasks) == ["a", "b"]
    assert kept("a", *tasks) == []


def test_what_was_open_when_the_run_ended_runs_again() -> None:
    assert kept("c", task("a", 1, "CANCELLED", position=None), task("b", 2, "RUNNING"), task("c", 3)) == []


def test_what_the_code_gave_up_is_given_up_again_if_that_was_before() -> None:
    early, late = task("early", 1, "CANCELLED", position=2), task("late", 2, "CANCELLED", position=9)
    assert kept("c", early, late, task("c", 3, position=5)) == ["early"]
    assert kept("c", early, late, task("c", 3, "CANCELLED", position=None)) == ["early", "late"]


def test_a_task_does_not_keep_what_it_is_nested_in_but_what_stands_beside_it() -> None:
    tasks = (task("a", 1), task("a/one", 2), task("a/two", 3), task("a/two/deep", 4), task("ab", 0))
    assert kept("a/two/deep", *tasks) == ["ab", "a/one"]


def test_an_effect_told_in_the_same_instant_goes_by_its_position() -> None:
    sent = task("sent", 6, kind="send_event", position=1, began_at=7)
    late = task("late", 7, kind="send_event", position=9, began_at=7)
    assert kept("b", sent, late, task("b", 5, position=4, began_at=7)) == ["sent"]
    assert kept("b", sent, late, task("b", 5, position=4, began_at=5)) == []
    assert kept("b", sent, task("b", 5, "RUNNING", position=None, began_at=7)) == ["sent"]


def test_many_keys_are_not_all_listed() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed([str(n) for n in range(40)], most=2) == "'0', '1' and 38 more"
