"""`logs`: the log lines of a run, or of all runs."""

import asyncio
from collections import deque
from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, options, output
from mainspring.model.logs import LOG_LEVELS

MaybeRun = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="The run's id; without one, all runs.", show_default=False),
]
#: Seconds between two looks for new lines, and how far back each looks: lines come in as workers send them.
_LOOK_EVERY = 1.0
_BEHIND = "30s"
_PAGE = 100
#: Lines that are remembered as told.
_MOST_TOLD = 50_000


def logs(
    run: MaybeRun = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on: until the run ends, or ctrl-C.")
    ] = False,
    level: Annotated[str | None, typer.Option("--level", help="This level and above, e.g. WARNING.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", "--grep", help="Only lines that contain this text.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", help="Of all runs: only those of this job.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Of all runs: since then, an instant or 2h back.")
    ] = None,
    limit: options.Limit = 100,
    as_json: options.JsonLines = False,
) -> None:
    """Print a run's log lines, -f to its end; without a run, the newest of all runs, -f with those that come."""
    if level is not None and level.upper() not in LOG_LEVELS:
        exits.usage(f"{level!r} is no level", f"Use one of {', '.join(LOG_LEVELS)}.")
    wanted = {"level": level.upper() if level else None, "text": text}
    if run is None:
        wanted |= {"job": job, "since": since}
        return connection.converse(lambda door: _of_all(door, wanted, limit, follow=follow, as_json=as_json))
    if job is not None or since is not None:
        exits.usage("a run and --job or --since", "Name one run, or leave it out to search all of them.")
    from mainspring.cli.follow import follow_logs  # start-up cost: rich and asyncio

    connection.converse(lambda door: follow_logs(door, run, wanted, follow=follow, as_json=as_json))


async def _of_all(door: Any, wanted: dict[str, Any], limit: int, *, follow: bool, as_json: bool) -> None:
    """The newest lines of all runs, oldest first; then those that come, as they come."""
    told: deque[str] = deque(maxlen=_MOST_TOLD)
    found = await _newest(door, wanted, limit, set())
    while True:
        for line in reversed(found):
            told.append(_name(line))
            _show(line, as_json)
        if not follow:
            return
        await asyncio.sleep(_LOOK_EVERY)
        found = await _newest(door, {**wanted, "since": _BEHIND}, _MOST_TOLD, set(told))


async def _newest(door: Any, wanted: dict[str, Any], limit: int, told: set[str]) -> list[dict[str, Any]]:
    """Lines that were not told, newest first, so many at most; as far back as the first page that has none."""
    found: list[dict[str, Any]] = []
    cursor = None
    while len(found) < limit:
        page = await connection.call(
            door, "GET", "/logs", params={**wanted, "limit": min(_PAGE, limit), "cursor": cursor}
        )
        fresh = [line for line in page["data"] if _name(line) not in told]
        found += fresh
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found[:limit]


def _name(line: dict[str, Any]) -> str:
    return f"{line['run_id']}/{line['id']}"


def _show(line: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.stream(line)
    from mainspring.cli import lines, paint  # start-up cost: rich

    paint.screen().print(lines.of_log(line, f"{line['job_id']} {line['run_id'][-4:]}"))
