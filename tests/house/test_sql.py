"""SQL stands in .sql files, named and with its purpose; each statement is used, and none is in Python."""

import ast
import re
from pathlib import Path

from house.sources import PACKAGE, ROOT, assert_none, package_sources

QUERIES = PACKAGE / "storage" / "queries"

_NAME = re.compile(r"-- name: ([a-z][a-z0-9_]*)")
_PURPOSE = re.compile(r"-- \w.{8,}")
#: What only a statement has; English about selecting or updating does not match.
_STATEMENT = re.compile(
    r"\bselect\b.+\bfrom\b\s+\w|\binsert\s+into\s+\w|\bupdate\s+\w+\s+set\b|\bdelete\s+from\s+\w"
    r"|\b(create|alter|drop)\s+(table|index|view)\s+\w|^\s*(begin|pragma|savepoint|vacuum)\b\s*\w*",
    re.IGNORECASE | re.DOTALL,
)


def query_files() -> list[Path]:
    return sorted(QUERIES.rglob("*.sql"))


def statements(path: Path) -> dict[str, list[str]]:
    """The lines of each statement of a file by its name; lines before the first name under ""."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _NAME.fullmatch(line):
            name = match[1]
            assert name not in found, f"{path.name}: two statements are named {name}"
            found[name] = []
        elif line.strip():
            found[name].append(line)
    return found


def test_every_statement_has_a_name_and_a_purpose() -> None:
    for path in query_files():
        for name, lines in statements(path).items():
            if not name:
                assert all(line.startswith("--") for line in lines), f"{path.name}: SQL before the first name"
                continue
            assert lines, f"{path.name}: {name} is empty"
            assert _PURPOSE.fullmatch(lines[0]), f"{path.name}: {name} has no line of purpose"
            assert any(not line.startswith("--") for line in lines), f"{path.name}: {name} has no SQL"


def test_a_name_stands_once_in_a_dialect() -> None:
    for folder in {path.parent for path in query_files()}:
        names = [name for path in sorted(folder.glob("*.sql")) for name in statements(path) if name]
        assert len(names) == len(set(names)), (
            f"{folder.name}: {sorted({n for n in names if names.count(n) > 1})}"
        )


def test_every_statement_is_used() -> None:
    texts = {
        node.value
        for source in package_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = {name for path in query_files() for name in statements(path) if name}
    assert not named - texts, f"no Python names these statements: {sorted(named - texts)}"


def test_no_statement_stands_in_python_outside_storage() -> None:
    found = []
    for source in package_sources():
        if source.path.is_relative_to(PACKAGE / "storage"):
            continue
        prose = docstrings(source.tree)
        found += [
            f"{source.name}:{node.lineno}: {node.value[:60]!r}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
            and _STATEMENT.search(node.value)
        ]
    assert_none("sql", found)


def test_statements_bind_the_time_and_never_ask_for_it() -> None:
    clocks = re.compile(
        r"\b(now\(\)|current_timestamp|strftime|clock_timestamp|unixepoch|datetime\()", re.IGNORECASE
    )
    for path in sorted((PACKAGE / "storage").rglob("*.sql")):
        code = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        assert not clocks.search(code), f"{path.relative_to(ROOT)}: bind :now, so that tests own time"


def docstrings(tree: ast.Module) -> set[int]:
    """Ids of the constants that are docstrings or other bare texts: prose, not values."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
