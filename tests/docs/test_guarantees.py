"""The page of guarantees is the catalogue of scenarios: a line for each file, in its words."""

import ast
from pathlib import Path

from doc_pages import ROOT
from house.sources import assert_none

PAGE = ROOT / "docs" / "concepts" / "guarantees.md"
CATALOGUE = ROOT / "tests" / "scenarios"


def promise_of(path: Path) -> str:
    """The first paragraph of the file's docstring, in one line."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(words.partition("\n\n")[0].split()).replace("|", "\\|")


def line_of(path: Path) -> str:
    sentence = path.stem.replace("_", " ")
    link = f"../../{path.relative_to(ROOT).as_posix()}"
    return f"| [{sentence}]({link}) | {promise_of(path)} |"


def test_every_scenario_has_its_line() -> None:
    there = PAGE.read_text(encoding="utf-8").splitlines()
    wanted = [line_of(path) for path in sorted(CATALOGUE.glob("*_*.py"))]
    assert_none("lines that docs/concepts/guarantees.md lacks", [one for one in wanted if one not in there])
    left = [one for one in there if one.startswith("| [") and one not in wanted]
    assert_none("lines of docs/concepts/guarantees.md without a scenario", left)
    lines = [one for one in there if one.startswith("| [")]
    assert len(lines) == len(set(lines)), "a promise stands there twice"


def test_the_catalogue_is_long_enough_to_be_one() -> None:
    assert len(list(CATALOGUE.glob("*_*.py"))) >= 70
