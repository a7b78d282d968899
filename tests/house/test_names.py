"""One word per thing: banned module names, banned words, and docstrings that say what a room is for."""

import ast
import re
from collections.abc import Iterator

import pytest

from house.sources import PACKAGE, Source, assert_none, package_sources

BANNED_MODULES = {"util", "utils", "helper", "helpers", "common", "base", "misc"}
#: Synonyms of the glossary's words (docs/glossary.md).
BANNED_WORDS = {"workflow", "flow", "step", "activity", "execution", "signal", "saga"}
BANNED_SUFFIXES = {"handler", "manager", "helper", "util", "base"}

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def words(identifier: str) -> list[str]:
    """`RunHandlerBase` and `run_handler_base` alike: ["run", "handler", "base"]."""
    return [word.lower() for word in _WORD.findall(identifier)]


def defined_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that the module makes up itself; what it imports was named by others."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def broken_words(identifier: str) -> list[str]:
    parts = words(identifier)
    singular = {part.removesuffix("s") for part in parts} | {re.sub("ies$", "y", part) for part in parts}
    banned = sorted(BANNED_WORDS & (singular | set(parts)))
    return banned + [f"-{parts[-1]}" for _ in range(len(parts) > 1 and parts[-1] in BANNED_SUFFIXES)]


@pytest.mark.parametrize(
    ("identifier", "broken"),
    [
        ("RunHandler", ["-handler"]),
        ("task_manager", ["-manager"]),
        ("WorkflowRun", ["workflow"]),
        ("next_step", ["step"]),
        ("activities", ["activity"]),
        ("Database", []),
        ("overflow", []),
        ("base", []),
        ("HTTPDoor", []),
    ],
)
def test_the_rule_itself(identifier: str, broken: list[str]) -> None:
    assert broken_words(identifier) == broken


def test_no_identifier_uses_a_banned_word() -> None:
    found = []
    for source in package_sources():
        names = {name for name, _ in defined_names(source.tree)} | {source.path.stem}
        broken = {name: broken_words(name) for name in sorted(names) if broken_words(name)}
        found += [
            f"{source.name}::{name}: banned, see CONTRIBUTING.md: {words}" for name, words in broken.items()
        ]
    assert_none("names", found)


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    for source in package_sources():
        parts = {*source.path.relative_to(PACKAGE).with_suffix("").parts}
        assert not parts & BANNED_MODULES, f"{source.name}: name it for what it is about"


def test_every_module_opens_with_what_it_is_for() -> None:
    missing = [source.name for source in package_sources() if source.text and not _says_something(source)]
    assert not missing, missing


def _says_something(source: Source) -> bool:
    docstring = ast.get_docstring(source.tree) or ""
    return len(docstring.split()) >= 3


def test_task_is_never_a_name_for_asyncios() -> None:
    found = []
    for source in package_sources():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            made_by = ast.unparse(node.value.func).rpartition(".")[2]
            targets = {ast.unparse(target).rpartition(".")[2] for target in node.targets}
            if made_by in ("create_task", "ensure_future", "current_task") and "task" in targets:
                found.append(f"{source.name}:{node.lineno}")
    assert not found, f"a task is a durable thing here; name asyncio's for what they do: {found}"


def test_nothing_is_left_to_do() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [source.name for source in package_sources() if mark.search(source.text)]
    assert not found, found
