"""The tables of allowed moves: every status can be reached, and what is final stays so."""

from typing import get_args

import pytest

from mainspring.model.runs import FINAL_RUN_STATUSES, RUN_MOVES, RunStatus, may_move
from mainspring.model.tasks import FINAL_TASK_STATUSES, TASK_MOVES, TaskStatus


@pytest.mark.parametrize(
    ("moves", "statuses", "starts", "final"),
    [
        (RUN_MOVES, get_args(RunStatus), {"PENDING"}, FINAL_RUN_STATUSES),
        (TASK_MOVES, get_args(TaskStatus), {"RUNNING", "WAITING"}, FINAL_TASK_STATUSES),
    ],
)
def test_every_status_is_reached_and_leads_to_an_end(
    moves: dict[str, frozenset[str]], statuses: tuple[str, ...], starts: set[str], final: frozenset[str]
) -> None:
    assert set(moves) == set(statuses)
    reached = set(starts)
    while more := {to for status in reached for to in moves[status]} - reached:
        reached |= more
    assert reached == set(statuses)
    for status in statuses:
        assert (status in final) is (not moves[status])
        assert status in final or moves[status] & final, f"{status} cannot end in one move"


def test_a_finished_run_never_moves_again() -> None:
    assert may_move("PENDING", "RUNNING")
    assert not any(may_move(status, "RUNNING") for status in FINAL_RUN_STATUSES)
    assert not may_move("WAITING", "SUCCESS"), "only a lease holder finishes a run"
