"""`breakers`: what circuit breakers let through and whom they hold; reset, open."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output

breakers = groups.group("Circuit breakers: list, get, reset, open. Bare `breakers` lists.")

BreakerName = Annotated[
    str, typer.Argument(metavar="BREAKER", help="Its name in the code.", show_default=False)
]


@breakers.command("list")
def list_breakers(as_json: options.Json = False) -> None:
    """List the breakers that a task has used: how each stands, and how many tasks it holds."""
    page = connection.ask("GET", "/breakers")
    if as_json:
        return output.document(page)
    rows = [
        (one["name"], one["state"], f"{one['failed']} of {one['failures']}", str(one["held"]), _probe(one))
        for one in page["data"]
    ]
    output.table(
        ("BREAKER", "STATE", "FAILURES", "HELD", "PROBED"), rows, empty="No task has used a breaker yet."
    )


@breakers.command("get")
def get_breaker(breaker: BreakerName, as_json: options.Json = False) -> None:
    """Show a breaker: since when it is open, and when it is probed."""
    _show(connection.ask("GET", f"/breakers/{connection.quoted(breaker)}"), as_json)


@breakers.command("reset")
def reset_breaker(breaker: BreakerName, as_json: options.Json = False) -> None:
    """Close it: all that it holds go on."""
    _show(connection.ask("POST", f"/breakers/{connection.quoted(breaker)}/reset"), as_json)


@breakers.command("open")
def open_breaker(
    breaker: BreakerName,
    span: Annotated[
        str | None,
        typer.Option("--for", metavar="SPAN", help="Then one attempt is let through; else until `reset`."),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who opens it, for those who ask why.")] = None,
    as_json: options.Json = False,
) -> None:
    """Open it by hand: no further attempt begins; those that have begun go on."""
    body = {name: value for name, value in (("timeout", span), ("by", by)) if value is not None}
    _show(connection.ask("POST", f"/breakers/{connection.quoted(breaker)}/open", body=body), as_json)


def _probe(one: dict[str, Any]) -> str:
    if one["state"] == "half-open":
        return f"now, by {one['probe_run_id']}"
    if one["state"] == "closed":
        return ""
    return output.local_time(one["probe_at"]) if one["probe_at"] else "after a reset"


def _show(breaker: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(breaker)
    output.facts(
        [
            ("breaker", breaker["name"]),
            ("state", breaker["state"]),
            ("failures", f"{breaker['failed']} of {breaker['failures']}"),
            ("reset", f"{breaker['reset']:g}s"),
            ("opened", output.local_time(breaker["opened_at"]) if breaker["opened_at"] else None),
            ("opened by", breaker["opened_by"]),
            ("probed", _probe(breaker) or None),
            ("held", str(breaker["held"])),
            ("first", breaker["first_run_id"]),
        ]
    )
