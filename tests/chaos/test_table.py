"""The table of faults in README.md names tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(
    r"`(tests/[\w/]+\.py)(?:::(\w+))?` \|$", (Path(__file__).parent / "README.md").read_text(), re.M
)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{file}::{name}" for file, name in NAMED])
def test_it_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in there if name else any(one.startswith("test_") for one in there)


def test_every_row_has_one() -> None:
    rows = [
        line
        for line in (Path(__file__).parent / "README.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    assert len(NAMED) == len(rows) - 2, "a row without a test"
