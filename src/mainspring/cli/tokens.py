"""`tokens`: questions that runs and others put to the world outside."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output
from mainspring.cli.payload import read_payload

tokens = groups.group("Tokens: list, get, create, complete. Bare `tokens` lists.")

TokenId = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id (tok_...).", show_default=False)]


@tokens.command("list")
def list_tokens(
    status: Annotated[
        str | None, typer.Option("--status", help="Only WAITING, COMPLETED or EXPIRED ones.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only tokens with this tag.")] = None,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List tokens, the newest first."""
    wanted = None if status is None else status.upper()
    page = connection.listing("/tokens", limit, status=wanted, tag=tag)
    if as_json:
        return output.document(page)
    rows = [
        (
            one["id"],
            one["status"],
            output.local_time(one["created_at"]),
            output.local_time(one["expires_at"]) if one["expires_at"] else "",
            ", ".join(one["tags"]),
            one["run_id"] or "",
        )
        for one in page["data"]
    ]
    output.table(
        ("TOKEN", "STATUS", "MADE", "EXPIRES", "TAGS", "RUN"), rows, empty="There are no tokens yet."
    )


@tokens.command("get")
def get_token(token: TokenId, as_json: options.Json = False) -> None:
    """Show a token: who completed it, when and with what."""
    _show(connection.ask("GET", f"/tokens/{connection.quoted(token)}"), as_json)


@tokens.command("create")
def create_token(
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="SPAN", help="When it expires; else never.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Finds it in lists; repeatable.")] = None,
    key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Another call with it shows the same token.")
    ] = None,
    key_ttl: Annotated[
        str | None, typer.Option("--idempotency-key-ttl", metavar="SPAN", help="For how long it does.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Make a token, and print its URL: one POST of JSON to it completes the token."""
    given = {
        "timeout": timeout,
        "tags": tags or None,
        "idempotency_key": key,
        "idempotency_key_ttl": key_ttl,
    }
    body = {name: value for name, value in given.items() if value is not None}
    _show(connection.ask("POST", "/tokens", body=body), as_json)


@tokens.command("complete")
def complete_token(
    token: TokenId,
    value: Annotated[
        str, typer.Argument(metavar="[JSON|@FILE|-]", help="What who waits is given. Default: null.")
    ] = "null",
    by: Annotated[str | None, typer.Option("--by", help="Who completes it, for the history.")] = None,
    as_json: options.Json = False,
) -> None:
    """Complete a token, once: all runs that wait for it go on."""
    body = {"output": read_payload(value)} | ({} if by is None else {"by": by})
    _show(connection.ask("POST", f"/tokens/{connection.quoted(token)}/complete", body=body), as_json)


def _show(token: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(token)
    has_ended = token["completed_at"] is not None
    output.facts(
        [
            ("token", token["id"]),
            ("status", token["status"]),
            ("url", token["url"]),
            ("tags", ", ".join(token["tags"]) or None),
            ("made", output.local_time(token["created_at"])),
            ("made by", token["run_id"]),
            ("expires", output.local_time(token["expires_at"]) if token["expires_at"] else None),
            ("completed", output.local_time(token["completed_at"]) if has_ended else None),
            ("by", token["completed_by"]),
            ("with", {"url": "its URL", "api": "an API key", None: None}[token["completed_via"]]),
            ("from", token["completed_from"]),
            ("output", output.compact(token["output"], 2_000) if has_ended else None),
        ]
    )
