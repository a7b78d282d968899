"""The `mainspring` command: its groups put together, and what happens when one of them fails."""

import io
import sys
from typing import Annotated, NoReturn

import typer

from mainspring.cli import about, connection, exits, run_list
from mainspring.cli.approvals import approvals
from mainspring.cli.bench import bench
from mainspring.cli.breakers import breakers
from mainspring.cli.check import check
from mainspring.cli.db import db
from mainspring.cli.demo_data import demo_data
from mainspring.cli.dev import dev
from mainspring.cli.doctor import doctor
from mainspring.cli.errors import errors
from mainspring.cli.events import events
from mainspring.cli.init import init
from mainspring.cli.jobs import jobs
from mainspring.cli.logs import logs
from mainspring.cli.queues import queues
from mainspring.cli.runs import runs
from mainspring.cli.schedules import schedules
from mainspring.cli.send import send, trigger
from mainspring.cli.server import server
from mainspring.cli.stats import stats
from mainspring.cli.store import store
from mainspring.cli.tokens import tokens
from mainspring.cli.worker import worker
from mainspring.cli.workers import workers
from mainspring.errors import MainspringError

app = typer.Typer(
    name="mainspring",
    help="Python functions that must not be lost: events, jobs, durable tasks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_START, _WORK, _LOOK, _CARE = "Start", "Send and trigger", "Look", "Care"

app.command(rich_help_panel=_START)(init)
app.command(rich_help_panel=_START)(dev)
app.command(rich_help_panel=_START)(server)
app.command(rich_help_panel=_START)(worker)
app.command(rich_help_panel=_WORK)(send)
app.command(rich_help_panel=_WORK)(trigger)
run_list.add_to(runs)
app.add_typer(runs, name="runs", rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(logs)
app.add_typer(jobs, name="jobs", rich_help_panel=_LOOK)
app.add_typer(events, name="events", rich_help_panel=_LOOK)
app.add_typer(errors, name="errors", rich_help_panel=_LOOK)
app.add_typer(schedules, name="schedules", rich_help_panel=_LOOK)
app.add_typer(breakers, name="breakers", rich_help_panel=_LOOK)
app.add_typer(queues, name="queues", rich_help_panel=_LOOK)
app.add_typer(approvals, name="approvals", rich_help_panel=_LOOK)
app.add_typer(tokens, name="tokens", rich_help_panel=_LOOK)
app.add_typer(store, name="store", rich_help_panel=_LOOK)
app.add_typer(workers, name="workers", rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(stats)
app.add_typer(db, name="db", rich_help_panel=_CARE)
app.command(rich_help_panel=_CARE)(check)
app.command(rich_help_panel=_CARE)(doctor)
app.command(rich_help_panel=_CARE)(bench)
app.command(rich_help_panel=_CARE)(demo_data)
app.command(rich_help_panel=_CARE)(about.config)
app.command(rich_help_panel=_CARE)(about.version)


@app.callback()
def remember(
    api_url: Annotated[
        str | None, typer.Option("--api-url", help="The server; anywhere on the line.")
    ] = None,
    api_key: Annotated[str | None, typer.Option("--api-key", help="The key; anywhere on the line.")] = None,
) -> None:
    connection.use_flags(api_url=api_url, api_key=api_key)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    _print_anything()
    try:
        app(_globals_first(sys.argv[1:]), prog_name="mainspring")
    except (MainspringError, OSError) as error:  # TimeoutError is an OSError
        exits.tell(error)
        sys.exit(exits.code_of(error))
    sys.exit(exits.OK)


def _globals_first(arguments: list[str]) -> list[str]:
    """The line with the global options moved before the command: people write them anywhere."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in ("--api-url", "--api-key"):
            front += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        elif argument.startswith(("--api-url=", "--api-key=")):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def _print_anything() -> None:
    """A terminal or pipe that cannot show a character gets a stand-in, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
