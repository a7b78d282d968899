"""`runs list`: runs by every filter that the API has."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, options, output
from mainspring.cli.runs import remark

_Text = str | None


def _option(name: str, help: str) -> Any:
    return typer.Option(name, help=help)


Status = Annotated[_Text, _option("--status", "One, or several with commas: FAILED,WAITING.")]
JobId = Annotated[_Text, _option("--job", "Only runs of this job.")]
Version = Annotated[_Text, _option("--version", "Only runs that this version of their job has or had.")]
Tags = Annotated[
    list[str] | None, _option("--tag", "Only runs with this tag; given again, with all of them.")
]
Paths = Annotated[
    list[str] | None,
    typer.Option(
        "--payload", metavar="PATH=VALUE", help="By what is in the payload: order_id=o1, items.0.sku=A-7."
    ),
]
EventName = Annotated[_Text, _option("--event", "Only runs that events of this name started.")]
EventId = Annotated[_Text, _option("--event-id", "Only runs that this event started.")]
Schedule = Annotated[_Text, _option("--schedule", "Only runs that this schedule started.")]
Queue = Annotated[_Text, _option("--queue", "Only runs of this queue.")]
Error = Annotated[_Text, _option("--error", "Only runs that failed with this error (err_...).")]
Parent = Annotated[_Text, _option("--parent", "Only runs that this run started.")]
Test = Annotated[bool | None, _option("--test/--no-test", "Only test runs, or none of them.")]
Root = Annotated[bool | None, _option("--root/--no-root", "Only runs that no run started, or others.")]
IdPrefix = Annotated[_Text, _option("--id", "Only runs whose id begins so.")]
Since = Annotated[_Text, _option("--since", "Made since then: an instant, or 2h back.")]
Until = Annotated[_Text, _option("--until", "Made before then.")]


def list_runs(
    status: Status = None,
    job: JobId = None,
    version: Version = None,
    tag: Tags = None,
    payload: Paths = None,
    event: EventName = None,
    event_id: EventId = None,
    schedule: Schedule = None,
    queue: Queue = None,
    error: Error = None,
    parent: Parent = None,
    test: Test = None,
    root: Root = None,
    id: IdPrefix = None,
    since: Since = None,
    until: Until = None,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List runs, the newest first."""
    asked: dict[str, Any] = {
        "status": status,
        "job": job,
        "version": version,
        "tag": tag or None,
        "event": event,
    }
    asked |= {"event_id": event_id, "schedule": schedule, "queue": queue, "parent": parent, "is_test": test}
    asked |= {
        "error": error,
        "is_root": root,
        "id": id,
        "since": since,
        "until": until,
        **_paths(payload or []),
    }
    page = connection.listing("/runs", limit, **asked)
    if as_json:
        return output.document(page)
    rows = [_row(run) for run in page["data"]]
    is_any = all(value is None for value in asked.values())
    empty = "There are no runs yet." if is_any else "No run fits."
    output.table(("RUN", "JOB", "VERSION", "STATUS", "CREATED", ""), rows, empty=empty)


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    made = output.local_time(run["created_at"])
    return run["id"], run["job_id"], run["job_version"], run["status"], made, remark(run)


def _paths(given: list[str]) -> dict[str, str]:
    """`order_id=o1` as the API takes it."""
    asked = {}
    for one in given:
        path, equals, value = one.partition("=")
        if not equals:
            exits.usage(f"{one!r} has no value", "Write --payload order_id=o1.")
        asked[f"payload.{path.removeprefix('payload.')}"] = value
    return asked


def add_to(group: Any) -> None:
    """Gives the group `list`."""
    group.command("list")(list_runs)
