"""`queues`: where runs stand: how deep, what runs, and the limits; pause, resume, limit."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, groups, options, output

queues = groups.group("Queues: list, get, pause, resume, limit, environment. Bare `queues` lists.")

QueueName = Annotated[
    str, typer.Argument(metavar="QUEUE", help="The queue's name; mostly that of its job.", show_default=False)
]


@queues.command("list")
def list_queues(as_json: options.Json = False) -> None:
    """List the queues: what waits and runs in each, and its limits."""
    page = connection.ask("GET", "/queues")
    if as_json:
        return output.document(page)
    rows = [
        (one["name"], str(one["depth"]), str(one["running"]), _limits(one["limits"]), _state(one))
        for one in page["data"]
    ]
    output.table(
        ("QUEUE", "WAITING", "RUNNING", "LIMITS", "STATE"), rows, empty="There are no queues: start a worker."
    )


@queues.command("get")
def get_queue(queue: QueueName, as_json: options.Json = False) -> None:
    """Show a queue: who has its slots, and who is next."""
    _show(connection.ask("GET", f"/queues/{connection.quoted(queue)}"), as_json)


@queues.command("pause")
def pause_queue(
    queue: QueueName,
    by: Annotated[str | None, typer.Option("--by", help="Who pauses it, for those who ask why.")] = None,
    as_json: options.Json = False,
) -> None:
    """Start nothing of it until it is resumed; what runs goes on."""
    body = {} if by is None else {"by": by}
    _show(connection.ask("POST", f"/queues/{connection.quoted(queue)}/pause", body=body), as_json)


@queues.command("resume")
def resume_queue(queue: QueueName, as_json: options.Json = False) -> None:
    """Go on."""
    _show(connection.ask("POST", f"/queues/{connection.quoted(queue)}/resume"), as_json)


@queues.command("limit")
def limit_queue(
    queue: QueueName,
    concurrency: Annotated[
        str | None, typer.Option("--concurrency", metavar="N", help="Runs at once, or `none`.")
    ] = None,
    per_key: Annotated[
        str | None, typer.Option("--per-key", metavar="N", help="Runs at once of each key, or `none`.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="RATE", help="Like 100/minute, or `none`.")
    ] = None,
    key_rate: Annotated[
        str | None, typer.Option("--key-rate", metavar="RATE", help="The same of each key.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to what the code says.")] = False,
    as_json: options.Json = False,
) -> None:
    """Set other limits than the code's, at once; a lower one ends nothing that runs."""
    counts = {"concurrency": _count(concurrency), "per_key": _count(per_key)}
    rates = {"rate": _unless_none(rate), "key_rate": _unless_none(key_rate)}
    given = {"concurrency": concurrency, "per_key": per_key, "rate": rate, "key_rate": key_rate}
    body: dict[str, Any] = {
        name: value for name, value in {**counts, **rates}.items() if given[name] is not None
    }
    if not body and not reset:
        exits.usage("no limit was given", "Give --concurrency N, --per-key N, --rate RATE or --reset.")
    body["reset"] = reset
    _show(connection.ask("PATCH", f"/queues/{connection.quoted(queue)}", body=body), as_json)


@queues.command("environment")
def limit_environment(
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N", help="Runs at once in all queues, or `none`.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show or set how many runs workers may hold at once in the whole environment."""
    if limit is None:
        found = connection.ask("GET", "/limit")
    else:
        found = connection.ask("PUT", "/limit", body={"max_running": _count(limit)})
    if as_json:
        return output.document(found)
    output.facts([("limit", str(found["max_running"] or "none")), ("running", str(found["running"]))])


def _unless_none(text: str | None) -> str | None:
    return None if text == "none" else text


def _count(text: str | None) -> int | None:
    if text is None or text == "none":
        return None
    if not text.isdigit():
        exits.usage(f"{text!r} is no number", "Give a whole number from 1, or `none`.")
    return int(text)


def _limits(limits: dict[str, Any]) -> str:
    said = [
        f"{limits['concurrency']} at once" if limits["concurrency"] else "",
        f"{limits['per_key']} per key" if limits["per_key"] else "",
        limits["rate"] or "",
        f"{limits['key_rate']} per key" if limits["key_rate"] else "",
    ]
    return ", ".join(part for part in said if part) or "none"


def _state(queue: dict[str, Any]) -> str:
    if queue["paused_at"]:
        return "paused" + (f" by {queue['paused_by']}" if queue["paused_by"] else "")
    return f"{queue['unserved']} without a worker" if queue["unserved"] else ""


def _run(run: dict[str, Any]) -> str:
    key = f", key {run['key']}" if run["key"] else ""
    return f"{run['run_id']}  {run['job_id']}{key}"


def _show(queue: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(queue)
    output.facts(
        [
            ("queue", queue["name"]),
            ("state", _state(queue) or None),
            ("waiting", str(queue["depth"])),
            ("oldest", output.local_time(queue["oldest_at"]) if queue["oldest_at"] else None),
            ("running", str(queue["running"])),
            ("limits", _limits(queue["limits"])),
            ("in the code", _limits(queue["declared"]) if queue["is_changed"] else None),
            ("keys", ", ".join(f"{one['key'] or '-'}: {one['taken']}" for one in queue["keys"]) or None),
            *(("holds a slot", _run(one)) for one in queue["holders"]),
            *(("next", _run(one)) for one in queue["line"]),
        ]
    )
