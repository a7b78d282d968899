"""`store`: the key-value data that outlives runs."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, groups, options, output
from mainspring.cli.payload import read_payload
from mainspring.errors import NotFound

store = groups.group("Store: list, get, set, delete. Bare `store` lists.")

Key = Annotated[str, typer.Argument(metavar="KEY", help="The entry's key.", show_default=False)]
JobScope = Annotated[str | None, typer.Option("--job", help="The store of this job.")]
RunScope = Annotated[str | None, typer.Option("--run", help="The store of this run.")]


@store.command("list")
def list_entries(
    prefix: Annotated[str | None, typer.Option("--prefix", help="Only keys that begin so.")] = None,
    job: JobScope = None,
    run: RunScope = None,
    limit: options.Limit = 100,
    as_json: options.Json = False,
) -> None:
    """List entries by key."""
    page = connection.listing("/store", limit, prefix=prefix, **_scope(job, run))
    if as_json:
        return output.document(page)
    rows = [
        (
            entry["key"],
            str(entry["version"]),
            output.local_time(entry["updated_at"]),
            output.compact(entry["value"]),
        )
        for entry in page["data"]
    ]
    output.table(("KEY", "VERSION", "UPDATED", "VALUE"), rows, empty="The store is empty.")


@store.command("get")
def get_entry(key: Key, job: JobScope = None, run: RunScope = None, as_json: options.Json = False) -> None:
    """Print an entry's value as JSON; --json prints the whole entry."""
    entry = connection.ask("GET", _path(key), params=_scope(job, run))
    output.document(entry if as_json else entry["value"])


@store.command("set")
def set_entry(
    key: Key,
    value: Annotated[str, typer.Argument(metavar="JSON|@FILE|-", help="The value.", show_default=False)],
    job: JobScope = None,
    run: RunScope = None,
    as_json: options.Json = False,
) -> None:
    """Write an entry."""
    body = {"value": read_payload(value)}
    entry = connection.ask("PUT", _path(key), params=_scope(job, run), body=body)
    if as_json:
        return output.document(entry)
    output.say(f"{key} is at version {entry['version']}")


@store.command("delete")
def delete_entry(key: Key, job: JobScope = None, run: RunScope = None) -> None:
    """Delete an entry."""
    answer = connection.ask("DELETE", _path(key), params=_scope(job, run))
    if not answer["deleted"]:
        raise NotFound(
            f"the store has no {key!r} in this scope", mend="`mainspring store list` shows its keys."
        )
    output.say(f"{key} is deleted")


def _path(key: str) -> str:
    return f"/store/{connection.quoted(key)}"


def _scope(job: str | None, run: str | None) -> dict[str, Any]:
    if job and run:
        exits.usage("--job and --run name two stores", "Give one of them.")
    if job:
        return {"scope": "job", "owner": job}
    return {"scope": "run", "owner": run} if run else {}
