"""`--help` of every command: there, quick to start, and with nothing heavy loaded for it."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from mainspring.cli.main import app
from processes import run_cli


def commands() -> list[tuple[str, ...]]:
    """Every command and group, as words on the line."""
    found: list[tuple[str, ...]] = [()]

    def walk(command: object, words: tuple[str, ...]) -> None:
        for name, child in getattr(command, "commands", {}).items():
            found.append((*words, name))
            walk(child, (*words, name))

    walk(get_command(app), ())
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app([*words, "--help"], prog_name="mainspring")
    assert left.value.code == 0
    assert "Usage: mainspring" in capsys.readouterr().out
    assert isinstance(app, typer.Typer)


def test_help_loads_nothing_heavy() -> None:
    """What keeps `--help` under 0.4 s: the clock is not asked, the reason is."""
    code = """
import sys
from mainspring.cli.main import app
try:
    app(["--help"], prog_name="mainspring")
except SystemExit:
    pass
heavy = {"fastapi", "starlette", "uvicorn", "httpx2", "rich", "pydantic", "sqlite3", "watchfiles", "jsonschema_rs"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"loaded for --help: {done.stderr}"


def test_a_misspelt_command_is_a_usage_error_with_the_near_miss(tmp_path: Path) -> None:
    done = run_cli("jbos", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean" in done.stderr
    assert done.stdout == ""


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = run_cli("version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("mainspring ")
