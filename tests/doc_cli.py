"""docs/reference/cli.md, drawn from the command line itself. `python tests/doc_cli.py` writes it anew."""

from pathlib import Path
from typing import Any

from typer.main import get_command

from mainspring.cli.main import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

HEAD = """# Command line reference

Data goes to stdout, talk to stderr. Words and examples: [the command line](../howto/command-line.md).

`--api-url` and `--api-key` may stand anywhere on the line of a command that talks to a server. `--help` explains
each command.

| exit code | meaning |
| --- | --- |
| 0 | done, or the run succeeded |
| 1 | it failed, or the run did |
| 2 | called wrongly |
| 3 | not found |
| 4 | the key is missing, wrong, or may not do this |
| 5 | conflict: exists already, in use, too late |
| 6 | server or database unavailable |
| 124 | timed out |
"""


def commands() -> list[tuple[str, Any]]:
    """Every command that does something, by its words on the line."""
    found: list[tuple[str, Any]] = []

    def walk(command: Any, words: str) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found.append((words, command))
            return
        for name, child in children.items():
            if not child.hidden:
                walk(child, f"{words} {name}")

    walk(get_command(app), "mainspring")
    return found


def page() -> str:
    """The whole page."""
    sections = [section(words, command) for words, command in commands()]
    return "\n".join([HEAD, *sections])


def section(words: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    options = [parameter for parameter in shown if parameter.param_type_name == "option"]
    usage = " ".join([words, *(argument.metavar or argument.name.upper() for argument in arguments)])
    lines = [f"## {words}", "", f"`{usage}`", "", command.help.strip(), ""]
    rows = [(argument.metavar or argument.name.upper(), argument) for argument in arguments]
    rows += [(spelling(option), option) for option in options]
    if rows:
        lines += ["| | |", "| --- | --- |"]
        lines += [
            f"| `{name.replace('|', chr(92) + '|')}` | {meaning(parameter)} |" for name, parameter in rows
        ]
        lines.append("")
    return "\n".join(lines)


def spelling(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.name.upper()}"


def meaning(parameter: Any) -> str:
    said = (parameter.help or "").strip()
    default = parameter.show_default if isinstance(parameter.show_default, str) else None
    if default is None and parameter.show_default and parameter.default not in (None, False, ()):
        default = str(parameter.default)
    return f"{said} Default: {default}." if default else said


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
