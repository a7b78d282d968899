"""Drawing: consoles, tables and colours. Everything in the CLI that needs rich is here or above here."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: A pipe has no width: nothing is wrapped or cut there.
_PIPE_WIDTH = 100_000

STATUS_STYLES = {
    "PENDING": "yellow",
    "RUNNING": "cyan",
    "WAITING": "magenta",
    "RETRYING": "yellow",
    "SUCCESS": "green",
    "FAILED": "bold red",
    "CANCELLED": "bright_black",
    "TIMED_OUT": "bold red",
    "EXPIRED": "red",
}

LEVEL_STYLES = {"DEBUG": "bright_black", "INFO": "default", "WARNING": "yellow", "ERROR": "bold red"}


class _Screen(Console):
    """A console whose reader may leave (`| head`): the rest is dropped, then `when_left` is called."""

    when_left: Callable[[], None] = staticmethod(lambda: sys.exit(1))

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        self.when_left()


@cache
def screen() -> _Screen:
    """The console on stdout."""
    return _console(is_error=False)


@cache
def talk() -> _Screen:
    """The console on stderr."""
    return _console(is_error=True)


def _console(*, is_error: bool) -> _Screen:
    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return _Screen(stderr=is_error, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def status(text: str) -> Text:
    return Text(text, style=STATUS_STYLES.get(text, ""))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns; the last one may wrap on a terminal, none does in a pipe."""
    console = screen()
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns, 1):
        is_last = number == len(columns)
        drawn.add_column(column, no_wrap=not is_last, overflow="fold")
    for row in rows:
        drawn.add_row(*(status(cell) if cell in STATUS_STYLES else Text(cell) for cell in row))
    with console.capture() as drawing:
        console.print(drawn)
    lines = [line.rstrip() for line in drawing.get().splitlines()]
    print("\n".join(lines), flush=True)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """`name  value` lines, values aligned; a value's further lines are indented below it."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        indented = value.replace("\n", "\n" + " " * (width + 2))
        style = STATUS_STYLES.get(value, "")
        screen().print(Text.assemble((name.ljust(width + 2), "bright_black"), (indented, style)))
