"""The workshop: CI runs what a contributor runs, the public names are frozen, and tests never sleep."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mainspring
from house.sources import ROOT, Source, assert_none, test_sources


def test_ci_runs_exactly_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line.strip()]
    assert lines[-1] == "exec make test"
    assert not [line for line in lines if re.search(r"\b(pytest|ruff|mypy|lint-imports)\b", line)]


def test_make_test_is_lint_and_every_test() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = dict(re.findall(r"^(\w+):(.*(?:\n\t.*)*)", makefile, re.MULTILINE))
    assert targets["test"].split("##")[0].split() == ["lint"]
    assert targets["test"].strip().endswith("-m pytest -n 3 --dist loadfile")
    for check in ("ruff check .", "ruff format --check .", "mypy", "lint-imports --no-cache"):
        assert f"$(BIN)/{check}" in targets["lint"], check


def test_the_public_names_are_the_frozen_ones() -> None:
    """A name that goes away breaks someone; one that comes is promised. Both change public_names.txt.

    They are sorted as ruff's RUF022 has it, which `make lint` holds.
    """
    frozen = (Path(__file__).parent / "public_names.txt").read_text().split()
    assert list(mainspring.__all__) == frozen
    assert all(hasattr(mainspring, name) for name in frozen)


def test_no_test_sleeps() -> None:
    found = [f"{source.name}:{line}: sleeps" for source in test_sources() for line in sleeps(source)]
    assert_none("sleeps", found)


def sleeps(source: Source) -> Iterator[int]:
    """Lines that wait for the machine's clock. Tests turn a fake clock or wait for what they wait for."""
    bare = {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio")
        for alias in node.names
        if alias.name == "sleep"
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        is_turn = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if called == "time.sleep" or (called in {"asyncio.sleep", *bare} and not is_turn):
            yield node.lineno


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("await asyncio.sleep(0)", []),
        ("await asyncio.sleep(0.1)", [1]),
        ("await asyncio.sleep(delay)", [1]),
        ("time.sleep(0)", [1]),
        ("from time import sleep\nsleep(1)", [2]),
        ("await clock.sleep(3)", []),
    ],
)
def test_the_rule_about_sleeping(text: str, lines: list[int]) -> None:
    tree = ast.parse(text)
    assert list(sleeps(Source(Path("x.py"), "x.py", text, tree))) == lines
