"""Many runs cancelled or replayed from the command line: counted first, then followed to the end."""

import asyncio
import sys
from typing import Any

from mainspring.cli import connection, exits, output

#: Seconds between two looks at how far it has come.
_LOOK_EVERY = 0.25


def act_on_many(
    action: str, filter: dict[str, str | None], options: dict[str, Any], *, dry_run: bool, as_json: bool
) -> None:
    """Asks for a bulk action and shows how far it comes; exit code 1 when something could not be done."""
    given = {name: text for name, text in filter.items() if text is not None}
    body = {"action": action, "filter": given, "dry_run": dry_run, **options}
    final = connection.converse(lambda door: _follow(door, body))
    if as_json:
        output.document(final)
    elif dry_run:
        output.data(f"{final['total']} runs")
    else:
        outcome = f"{final['done']} of {final['total']} runs, {final['failed']} failed"
        output.data(outcome if final["status"] == "COMPLETED" else f"{outcome}: {final['status'].lower()}")
        for failure in final["failures"][:10]:
            output.say(f"{failure['run_id']}: {failure['message']}")
    if final["failed"]:
        raise SystemExit(exits.FAILED)


async def _follow(door: Any, body: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = await connection.call(door, "POST", "/runs/bulk", body=body)
    if shown["status"] != "RUNNING":
        return shown
    from rich.console import Console  # start-up cost
    from rich.progress import Progress

    output.say(f"{shown['id']} goes on by itself if you leave")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(body["action"], total=shown["total"])
        while shown["status"] == "RUNNING":
            await asyncio.sleep(_LOOK_EVERY)
            shown = await connection.call(door, "GET", f"/bulk/{shown['id']}")
            progress.update(bar, completed=shown["done"] + shown["failed"])
    return shown
