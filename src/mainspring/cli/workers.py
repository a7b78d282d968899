"""`workers` lists them, and drains one; `worker APP` is one."""

from typing import Annotated

import typer

from mainspring.cli import connection, groups, options, output

workers = groups.group("Workers that are or were connected. list, drain. Bare `workers` lists.")


@workers.command("list")
def list_workers(as_json: options.Json = False) -> None:
    """List workers, their process ids and what they hold."""
    page = connection.ask("GET", "/workers")
    if as_json:
        return output.document(page)
    rows = [
        (
            worker["id"],
            worker["name"],
            worker["status"],
            worker["message"],
            str(worker["pid"]),
            f"{worker['running']}/{worker['slots']}",
            output.local_time(worker["heartbeat_at"]),
            ", ".join(worker["jobs"]),
        )
        for worker in page["data"]
    ]
    output.table(
        ("WORKER", "NAME", "STATUS", "", "PID", "RUNS", "LAST SEEN", "JOBS"),
        rows,
        empty="There are no workers: start one with `mainspring dev app.py`.",
    )


@workers.command("drain")
def drain_worker(
    worker: Annotated[str, typer.Argument(metavar="WORKER", help="Its id.", show_default=False)],
    by: Annotated[str | None, typer.Option("--by", help="Who says so, for those who look at it.")] = None,
    as_json: options.Json = False,
) -> None:
    """Give it nothing more: it ends what it holds, and leaves."""
    body = {} if by is None else {"by": by}
    shown = connection.ask("POST", f"/workers/{connection.quoted(worker)}/drain", body=body)
    if as_json:
        return output.document(shown)
    output.facts(
        [
            ("worker", shown["id"]),
            ("status", shown["status"]),
            ("state", shown["message"]),
            ("holds", f"{shown['running']} of {shown['slots']}"),
        ]
    )
