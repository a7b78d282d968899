"""`bench`: it measures on fresh data, says the figures, and leaves nothing behind. How fast is not asserted."""

import json
from pathlib import Path

import pytest

from processes import run_cli


@pytest.mark.parametrize("shape", ["embedded", "apart"])
def test_bench_measures_and_leaves_nothing_behind(tmp_path: Path, shape: str) -> None:
    done = run_cli(
        "bench", "--quick", "--shape", shape, "--only", "w4", "--only", "W8", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    figures = {figure["name"]: figure for figure in json.loads(done.stdout)["figures"]}
    assert figures["a task, one run of 200"]["unit"] == "ms"
    assert figures["a parent with 1,000 children"]["value"] > 0
    assert "fsync, p50" in figures
    assert {figure["workload"] for figure in figures.values()} == {"W4", "W8", "limit"}
    assert list((tmp_path / ".mainspring").iterdir()) == []


def test_bench_puts_figures_beside_their_limits(tmp_path: Path) -> None:
    done = run_cli("bench", "--quick", "--only", "W4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "x one fsync" in done.stdout


def test_rounds_are_measured_one_after_the_other(tmp_path: Path) -> None:
    done = run_cli("bench", "--quick", "--only", "W4", "--rounds", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("a task, one run of 200") == 2
    assert list((tmp_path / ".mainspring").iterdir()) == []


def test_bench_refuses_a_workload_that_is_not(tmp_path: Path) -> None:
    done = run_cli("bench", "--only", "W99", cwd=tmp_path)
    assert done.returncode == 2
    assert "W1, W2" in done.stderr
