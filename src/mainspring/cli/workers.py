"""`workers` lists them; `worker APP` is one."""

from mainspring.cli import connection, groups, options, output

workers = groups.group("Workers that are or were connected. Bare `workers` lists.")


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
            str(worker["pid"]),
            f"{worker['running']}/{worker['slots']}",
            output.local_time(worker["heartbeat_at"]),
            ", ".join(worker["jobs"]),
        )
        for worker in page["data"]
    ]
    output.table(
        ("WORKER", "NAME", "STATUS", "PID", "RUNS", "LAST SEEN", "JOBS"),
        rows,
        empty="There are no workers: start one with `mainspring dev app.py`.",
    )
