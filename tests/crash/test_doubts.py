"""Two hundred deaths in the midst of payments, and nobody is charged twice."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

import pytest

from crash.exhaust import compare, run, silence
from crash.jobs import Play
from crash.points import Fault, Kind
from mainspring.worker.doubts import Doubts
from mainspring.worker.tasks import TaskCalls

#: So many charges, each of which has its beginning kept, and then its outcome.
CHARGES = Play("payments", 15)
KILLS = 200


def _plain() -> AbstractContextManager[Any]:
    return nullcontext()


def an_effect_begun_unkept() -> AbstractContextManager[Any]:
    """The function is called before anybody knows that it may be."""

    async def begin(self: Doubts, label: Any, number: int) -> None: ...

    return mock.patch.object(Doubts, "begin", begin)


def a_doubt_passed_over() -> AbstractContextManager[Any]:
    """What had begun is begun again."""

    async def after(self: TaskCalls, call: Any, label: Any, known: Any) -> Any:
        return known.attempt, None

    return mock.patch.object(TaskCalls, "_after_doubt", after)


def test_two_hundred_kills_charge_nobody_twice() -> None:
    kills, wrong = _kill(_plain, KILLS)
    assert (kills, wrong) == (KILLS, [])


@pytest.mark.parametrize("plant", [an_effect_begun_unkept, a_doubt_passed_over])
def test_a_planted_fault_charges_somebody_twice(plant: Callable[[], AbstractContextManager[Any]]) -> None:
    _, wrong = _kill(plant, 40)
    assert wrong


def _kill(plant: Callable[[], AbstractContextManager[Any]], most: int) -> tuple[int, list[str]]:
    """Deaths before and after every commit, then before every other call; how many, and what was wrong."""
    with silence():
        counting = Fault()
        clean = run(CHARGES, "sqlite", counting)
        commits = [n for n, (call, _) in enumerate(counting.calls, 1) if call == "commit"]
        others = [n for n, (call, _) in enumerate(counting.calls, 1) if call != "commit"]
        points: list[tuple[Kind, int]] = [("after", n) for n in commits]
        points += [("before", n) for n in (*commits, *others)]
        kills, wrong = 0, []
        with plant():
            for kind, number in points:
                fault = Fault(kind, number)
                found = compare(CHARGES, "sqlite", fault, clean)
                kills += fault.has_struck
                wrong += [found] if found else []
                if kills == most:
                    break
    return kills, wrong
