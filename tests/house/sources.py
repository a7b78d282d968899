"""The project's own Python as trees, read once; and the list of excused places."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "mainspring"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file. `name` is its path from the project's root, with forward slashes."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its qualified name, like `Client.job`, inner ones too."""
        yield from _functions(self.tree, "")


@cache
def package_sources() -> tuple[Source, ...]:
    return _sources(PACKAGE)


@cache
def test_sources() -> tuple[Source, ...]:
    return _sources(ROOT / "tests")


test_sources.__test__ = False  # type: ignore[attr-defined] # it is not a test, whatever its name begins with


@cache
def excused(rule: str) -> dict[str, str]:
    """Places that may break a rule, with the reason: from exceptions.toml."""
    rows = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text()).get(rule, [])
    return {row["where"]: row["reason"] for row in rows}


def assert_none(rule: str, found: list[str]) -> None:
    """Fail with every place in `found` ("where: what") that is not excused, and every excuse nobody needs."""
    places = {line.split(": ")[0] for line in found}
    broken = [line for line in found if line.split(": ")[0] not in excused(rule)]
    stale = [
        f"{where}: excused in exceptions.toml for nothing" for where in excused(rule) if where not in places
    ]
    assert not broken + stale, "\n" + "\n".join(broken + stale)


def _sources(folder: Path) -> tuple[Source, ...]:
    return tuple(_read(path) for path in sorted(folder.rglob("*.py")))


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        yield from _functions(child, f"{prefix}{child.name}." if named else prefix)  # type: ignore[attr-defined]
