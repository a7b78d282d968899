"""Wherever a process dies in its use of the database, and whatever it is told of its commits, the end is the same."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import postgres
from crash.exhaust import compare, run
from crash.jobs import PLAYS, Play
from crash.points import Fault, Kind
from mainspring import IO
from simulation.planted import (
    a_claim_answer_lost_and_not_undone,
    a_failure_that_is_counted_afterwards,
    a_retried_batch_applied_twice,
    a_task_completed_twice,
)

TESTS = Path(__file__).parent.parent
#: Points, of those that are played here; `make crash` plays all.
FEWEST = {"sqlite": 600, "postgres": 300}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_end_is_the_same_wherever_all_dies(database: str) -> None:
    place = {} if database == "sqlite" else {"DATABASE_URL": postgres.server().url}
    done = subprocess.run(
        [sys.executable, "-m", "crash", "--database", database],
        env={**os.environ, "PYTHONPATH": str(TESTS), **place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    counted = re.search(r"([\d,]+) points", done.stdout)
    assert counted is not None
    assert int(counted[1].replace(",", "")) >= FEWEST[database], done.stdout


Plant = Callable[[], AbstractContextManager[Any]]
#: A fault in the code, the job that shows it, and the faults of the database to look at.
PLANTS: list[tuple[Plant, str, Kind]] = [
    (a_retried_batch_applied_twice, "ledger", "refused"),
    (a_task_completed_twice, "approval", "after"),
    (a_claim_answer_lost_and_not_undone, "order", "refused"),
    (a_failure_that_is_counted_afterwards, "parent", "after"),
]


@pytest.mark.parametrize(("plant", "job_id", "kind"), PLANTS, ids=lambda one: getattr(one, "__name__", one))
def test_a_planted_fault_is_found(plant: Plant, job_id: str, kind: Kind) -> None:
    (play,) = (play for play in PLAYS if play.job_id == job_id)
    # How commands fall into transactions is up to threads: one round may pass by the commit that shows it.
    assert any(_shows(play, kind, plant) for _ in range(3))


def _shows(play: Play, kind: Kind, plant: Plant) -> bool:
    counting = Fault()
    clean = run(play, "sqlite", counting)
    commits = [number for number, (call, _) in enumerate(counting.calls, 1) if call == "commit"]
    with plant():
        return any(compare(play, "sqlite", Fault(kind, number), clean) for number in commits)


def test_the_jobs_use_every_call() -> None:
    text = (Path(__file__).parent / "jobs.py").read_text()
    calls = {name for kind in IO.__mro__ for name in vars(kind)} | set(vars(IO()))
    assert [name for name in sorted(calls) if not name.startswith("_") and f"io.{name}" not in text] == []
    for call in ("trigger", "trigger_and_wait", "batch_trigger_and_wait", "sync.trigger_and_wait"):
        assert f".{call}(" in text
    for call in ("get", "set", "has", "update", "delete", "job.set", "run.set"):
        assert f"io.store.{call}(" in text
