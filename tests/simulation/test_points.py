"""The fault points: each is in the code once, in the plan, in CONTRIBUTING.md; and off they do nothing."""

import re
from pathlib import Path
from typing import get_args

import pytest

from mainspring import faults
from simulation.mischief import Mischief
from simulation.plan import POINTS
from simulation.simulation import play

ROOT = Path(__file__).parent.parent.parent
NAMES = get_args(faults.Point)


def test_each_point_stands_in_the_code_once() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert sorted(re.findall(r'faults\.at\("([a-z.]+)"\)', code)) == sorted(NAMES)


def test_each_point_is_planned_and_explained() -> None:
    assert [point for point, _ in POINTS] == list(NAMES)
    told = (ROOT / "CONTRIBUTING.md").read_text()
    assert re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", told, re.MULTILINE) == list(NAMES)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_each_point_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: set[str] = set()
    passes = Mischief.passes

    def noting(self: Mischief, point: faults.Point) -> None:
        passed.add(point)
        passes(self, point)

    monkeypatch.setattr(Mischief, "passes", noting)
    for seed in range(5):
        play(seed)
    assert passed == set(NAMES)


def test_nobody_listens_outside() -> None:
    heard: list[str] = []
    faults.at("task.starting")
    with faults.listening(heard.append):
        faults.at("task.returned")
    faults.at("run.parked")
    assert heard == ["task.returned"]
