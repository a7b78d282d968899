"""`init`: a new project in one command."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from mainspring.cli import options, output

FrameworkName = Literal["plain", "fastapi", "django", "flask"]


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write.", show_default="this folder")
    ] = Path("."),
    name: Annotated[
        str | None, typer.Option("--name", help="The project's name; asked for if absent.")
    ] = None,
    framework: Annotated[
        FrameworkName, typer.Option("--framework", help="What the app stands on.")
    ] = "plain",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Never ask, take the defaults.")] = False,
    as_json: options.Json = False,
) -> None:
    """Write a new app, its test and its key.

    app.py has a job that works, test_app.py tests it, .env has a fresh key and is kept from git. Nothing that is
    there already is overwritten.
    """
    from mainspring.cli import (  # start-up cost: making a key brings the server's rooms along
        frameworks,
        scaffold,
    )

    suggested = scaffold.slug(directory.resolve().name)
    if name is None and not yes and sys.stdin.isatty():
        name = typer.prompt("Name of the project", default=suggested, err=True)
    chosen = frameworks.FRAMEWORKS[framework]
    written = scaffold.write(directory, scaffold.slug(name or suggested), chosen)
    if as_json:
        return output.document({"files": [{"path": str(path), "did": did} for did, path in written.files]})
    for did, path in written.files:
        output.data(f"{did:<9}{path}")
    _what_next(directory, chosen.commands)


def _what_next(directory: Path, commands: Sequence[tuple[str, str]]) -> None:
    output.say("\nNext:")
    if directory.resolve() != Path.cwd():
        output.say(f"  cd {directory}")
    width = max(len(command) for command, _ in commands)
    for command, meaning in commands:
        output.say(f"  {command:<{width}}   # {meaning}")
