"""Imports go down only, nothing hides a ring, and the public face costs little to import."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from house.sources import ROOT, Source, package_sources


def test_the_import_contracts_hold() -> None:
    run = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_hides_from_the_type_checker_what_runs() -> None:
    assert not [source.name for source in package_sources() if "TYPE_CHECKING" in source.text]


def test_an_import_inside_a_function_says_why() -> None:
    found = [
        f"{source.name}:{number}"
        for source in package_sources()
        for number in inner_imports(source)
        if not has_comment(source.text.splitlines(), number)
    ]
    assert not found, f"import at the top, or say in a comment what it costs: {found}"


def has_comment(lines: list[str], number: int) -> bool:
    return "#" in lines[number - 1] or lines[number - 2].lstrip().startswith("#")


def inner_imports(source: Source) -> Iterator[int]:
    """Line numbers of imports inside functions; the first of several in a row speaks for all."""
    for _, function in source.functions():
        last = -1
        for node in ast.walk(function):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                if node.lineno != last + 1:
                    yield node.lineno
                last = node.end_lineno or node.lineno


def modules_after(statement: str) -> set[str]:
    """Names of the modules that are loaded by running `statement` in a fresh interpreter."""
    run = f"import json, sys; before = set(sys.modules); {statement}; print(json.dumps([*set(sys.modules) - before]))"
    return set(json.loads(subprocess.check_output([sys.executable, "-c", run], text=True)))


@pytest.mark.parametrize(
    ("statement", "never"),
    [
        ("import mainspring", {"fastapi", "starlette", "uvicorn", "sqlite3", "typer", "rich", "httpx2"}),
        ("import mainspring.cli.main", {"fastapi", "starlette", "uvicorn", "sqlite3", "httpx2"}),
    ],
)
def test_importing_costs_little(statement: str, never: set[str]) -> None:
    assert not modules_after(statement) & never


def test_importing_mainspring_starts_nothing() -> None:
    run = "import threading, socket, mainspring; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", run], check=True)
