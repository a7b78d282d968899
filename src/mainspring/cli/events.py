"""`events`: what arrived, what it started and why others did not."""

from typing import Annotated

import typer

from mainspring.cli import connection, groups, options, output

events = groups.group("Events: list, get, cancel. Bare `events` lists.")

EventId = Annotated[
    str, typer.Argument(metavar="EVENT", help="Its id: ours (evt_...) or the sender's.", show_default=False)
]


@events.command("list")
def list_events(
    name: Annotated[str | None, typer.Option("--name", help="Only events of this name.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only events that this run has.")] = None,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List events, the newest first."""
    page = connection.listing("/events", limit, name=name, run_id=run)
    if as_json:
        return output.document(page)
    rows = [
        (
            event["event_id"],
            event["name"],
            output.local_time(event["timestamp"]),
            str(len(event["runs"])),
            str(len(event["rejected"]) or ""),
            output.compact(event["payload"], 60),
        )
        for event in page["data"]
    ]
    output.table(
        ("EVENT", "NAME", "AT", "RUNS", "REFUSED", "PAYLOAD"), rows, empty="There are no events yet."
    )


@events.command("get")
def get_event(event: EventId, as_json: options.Json = False) -> None:
    """Show an event, the runs it started, and why other jobs that listen for it did not start."""
    found = connection.ask("GET", f"/events/{connection.quoted(event)}")
    if as_json:
        return output.document(found)
    output.facts(
        [
            ("event", found["event_id"]),
            ("id", found["id"] if found["id"] != found["event_id"] else None),
            ("name", found["name"]),
            ("arrived", output.local_time(found["timestamp"])),
            ("deliver at", output.local_time(found["deliver_at"]) or None),
            ("delivered", output.local_time(found["delivered_at"]) or None),
            ("cancelled", output.local_time(found["cancelled_at"]) or None),
            ("payload", output.compact(found["payload"], 2_000)),
            ("runs", "\n".join(f"{run['id']}  {run['job_id']}" for run in found["runs"]) or "none"),
            (
                "taken by",
                "\n".join(f"{one['run_id']}  {one['job_id']}: {one['task_key']}" for one in found["taken_by"])
                + ("\nand more" if found.get("taken_by_more") else "")
                or None,
            ),
            (
                "refused by",
                "\n".join(
                    f"{refusal['job_id']}: {error['path']}: {error['message']}"
                    for refusal in found["rejected"]
                    for error in refusal["errors"]
                )
                or None,
            ),
            (
                "not started",
                "\n".join(f"{skip['job_id']}: {skip['message']}" for skip in found["skipped"]) or None,
            ),
            ("hint", found["hint"]),
        ]
    )


@events.command("cancel")
def cancel_event(event: EventId, as_json: options.Json = False) -> None:
    """Cancel a delayed event before it is delivered."""
    found = connection.ask("POST", f"/events/{connection.quoted(event)}/cancel")
    if as_json:
        return output.document(found)
    output.say(f"{found['event_id']} is cancelled")
