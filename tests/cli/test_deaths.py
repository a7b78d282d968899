"""What is read from the end of a process."""

import signal
from pathlib import Path

import pytest

from mainspring.cli.deaths import ending_of, fault_of, memory_limit_hits


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (3, "exit code 3"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-signal.SIGABRT, "SIGABRT"),
        (0, ""),
        (-signal.SIGKILL, ""),
        (-signal.SIGTERM, ""),
    ],
)
def test_only_what_a_process_does_to_itself_is_its_fault(code: int, fault: str) -> None:
    assert fault_of(code, hit_memory_limit=False) == fault


def test_a_kill_at_the_memory_limit_is_its_own_doing() -> None:
    assert "memory limit" in fault_of(-signal.SIGKILL, hit_memory_limit=True)
    assert fault_of(-signal.SIGTERM, hit_memory_limit=True) == ""


def test_an_unknown_signal_has_its_number() -> None:
    assert ending_of(-120) == "signal 120"


def test_the_limits_that_were_hit_are_counted_by_the_kernel(tmp_path: Path) -> None:
    place = tmp_path / "system.slice" / "worker.service"
    place.mkdir(parents=True)
    (place / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n")
    mine = tmp_path / "cgroup"
    mine.write_text("1:cpu:/elsewhere\n0::/system.slice/worker.service\n")
    assert memory_limit_hits(mine, tmp_path) == 2
    mine.write_text("1:cpu:/elsewhere\n")
    assert memory_limit_hits(mine, tmp_path) == 0
    assert memory_limit_hits(tmp_path / "nothing", tmp_path) == 0
