"""A command group whose bare name lists: `mainspring runs --status FAILED` has no need of the word `list`."""

from typing import Any

from typer import Typer
from typer.core import TyperGroup

_HELP = ("-h", "--help")


class _ListByDefault(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in _HELP):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def group(help: str) -> Typer:
    """A group of commands with a `list` command in it."""
    return Typer(cls=_ListByDefault, help=help, no_args_is_help=False)
