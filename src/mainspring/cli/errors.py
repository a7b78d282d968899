"""`errors`: failures of runs in groups; resolved, ignored, reopened."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output

errors = groups.group("Errors, in groups: list, get, resolve, ignore, reopen. Bare `errors` lists.")

ErrorId = Annotated[str, typer.Argument(metavar="ERROR", help="Its id (err_...).", show_default=False)]
By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who says so; left out: the API key.")]


@errors.command("list")
def list_errors(
    status: Annotated[
        str | None, typer.Option("--status", help="Only unresolved, resolved or ignored ones.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", help="Only those of this job.")] = None,
    text: Annotated[
        str | None, typer.Option("--grep", help="Only with this text in message, class or task.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only those seen since then, or 2h back.")
    ] = None,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List errors, those seen last first."""
    wanted = None if status is None else status.lower()
    page = connection.listing("/errors", limit, status=wanted, job=job, text=text, since=since)
    if as_json:
        return output.document(page)
    rows = [
        (
            one["id"],
            one["status"],
            _place(one),
            str(one["runs"]),
            output.local_time(one["last_seen_at"]),
            output.failure_text({**one, "task": None}),
        )
        for one in page["data"]
    ]
    output.table(("ERROR", "STATUS", "WHERE", "RUNS", "LAST SEEN", ""), rows, empty="No run has failed so.")


@errors.command("get")
def get_error(error: ErrorId, as_json: options.Json = False) -> None:
    """Show an error: when and how often it was seen, in which versions, its last traceback, and what befell it."""
    _show(connection.ask("GET", f"/errors/{connection.quoted(error)}"), as_json)


@errors.command("resolve")
def resolve_error(error: ErrorId, by: By = None, as_json: options.Json = False) -> None:
    """It is mended. Should it come again it opens by itself."""
    _change(error, "resolve", {"by": by}, as_json)


@errors.command("ignore")
def ignore_error(
    error: ErrorId,
    until: Annotated[str | None, typer.Option("--until", help="Up to this instant.")] = None,
    span: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="Or for so long: 7 days.")] = None,
    runs: Annotated[int | None, typer.Option("--runs", min=1, help="Until so many more runs failed.")] = None,
    by: By = None,
    as_json: options.Json = False,
) -> None:
    """Leave it aside: for good, for a time, or until so many more runs failed."""
    _change(error, "ignore", {"until": until, "for": span, "runs": runs, "by": by}, as_json)


@errors.command("reopen")
def reopen_error(error: ErrorId, by: By = None, as_json: options.Json = False) -> None:
    """It is open again."""
    _change(error, "reopen", {"by": by}, as_json)


def _change(error: str, verb: str, said: dict[str, Any], as_json: bool) -> None:
    body = {name: value for name, value in said.items() if value is not None}
    _show(connection.ask("POST", f"/errors/{connection.quoted(error)}/{verb}", body=body), as_json)


def _place(one: dict[str, Any]) -> str:
    return one["job_id"] if one["task"] is None else f"{one['job_id']} / {one['task']}"


def _show(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(one)
    last = one["last_error"] or {}
    output.facts(
        [
            ("error", one["id"]),
            ("status", one["status"] + (", came back" if one["came_back_at"] else "")),
            ("message", one["message"]),
            ("type", one["type"]),
            ("job", one["job_id"]),
            ("task", one["task"]),
            ("runs", str(one["runs"])),
            ("first seen", output.local_time(one["first_seen_at"])),
            ("last seen", output.local_time(one["last_seen_at"])),
            ("last run", one["last_run_id"]),
            ("ignored until", output.local_time(one["ignored_until"]) or None),
            ("ignored for", None if one["ignored_runs"] is None else f"{one['ignored_runs']} more runs"),
            ("versions", ", ".join(f"{each['version']} ({each['runs']})" for each in one["versions"])),
            *[(each["kind"].replace("_", " "), _said(each)) for each in one["history"]],
        ]
    )
    if last.get("traceback"):
        output.data("")
        output.data(last["traceback"].rstrip())


def _said(change: dict[str, Any]) -> str:
    who = f" by {change['by']}" if change["by"] else f" in {change['run_id']}" if change["run_id"] else ""
    return output.local_time(change["at"]) + who
