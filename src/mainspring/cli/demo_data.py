"""`demo-data`: an invented shop with some days of history in the database, to look at and to play with."""

import sys
from typing import Annotated

import typer

from mainspring.cli import options, output
from mainspring.settings import load_settings


def demo_data(
    data_dir: options.DataDir = None,
    database_url: options.DatabaseUrl = None,
    runs: Annotated[int, typer.Option("--runs", min=100, max=20_000, help="How many, about.")] = 1_500,
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="How far back they go.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same world.")] = 8,
    force: Annotated[
        bool, typer.Option("--force", help="Put a SQLite database that holds anything else aside.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write the history of an invented shop, made by the real engine; `mainspring dev --demo` shows it.

    Goes into an empty database, or in place of an earlier demo; anything else is refused. Days pass in seconds.
    """
    # Start-up cost: `--help` needs no engine.
    from mainspring.clock import SystemClock
    from mainspring.demo.data import Plan, write_demo
    from mainspring.server.dev_key import kept_key

    settings = load_settings({"data_dir": data_dir, "database_url": database_url})
    plan = Plan(runs, days, seed)
    is_watched = sys.stderr.isatty()

    def told(passed: int) -> None:
        if is_watched:
            output.say(f"  day {passed} of {days}")

    key = settings.api_key or kept_key(settings.data_dir)
    output.say(f"Playing {days} days of a shop, about {runs:,} runs ...")
    counts = write_demo(settings.database, key, plan, SystemClock().now(), force=force, told=told)
    shown = _next_command(database_url, data_dir)
    if as_json:
        return output.document({"days": days, "seed": seed, "runs": counts, "next": shown})
    output.facts([(status.lower().replace("_", " "), f"{count:,}") for status, count in counts.items()])
    output.say(f"Look at it: {shown}")


def _next_command(database_url: str | None, data_dir: object) -> str:
    """What serves it with the shop's app, so that its buttons work."""
    flags = f" --data-dir {data_dir}" if data_dir else ""
    return f"mainspring dev --demo{flags}" + (f" --database-url {database_url}" if database_url else "")
