"""`send` and `trigger`: what starts runs from the command line, and follows them when asked to."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, options, output
from mainspring.cli.payload import read_payload
from mainspring.duration import parse_duration

#: How much alike two event names are when one is taken for a slip of the other.
_NEAR = 0.85


def send(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The event's name.", show_default=False)],
    payload: options.Payload = None,
    id: Annotated[str | None, typer.Option("--id", help="Correlation id; waits can ask for it.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="A second send with it changes nothing.")
    ] = None,
    delay: Annotated[str | None, typer.Option("--delay", help='Deliver later, e.g. "5 minutes".')] = None,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> None:
    """Send an event; with --wait follow the runs it starts."""
    if wait and delay:
        exits.usage("--wait cannot follow an event that is delivered later", "Leave out --wait or --delay.")
    body = {
        "name": name,
        "payload": read_payload(payload),
        "id": id,
        "idempotency_key": idempotency_key,
        "delay": delay,
        "source": "cli",
    }
    event = connection.ask("POST", "/events", body=_given(body))
    if not as_json:
        _tell_event(event)
    if wait:
        _follow_event(event, timeout, as_json)
    elif as_json:
        output.document(event)


def trigger(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's id.", show_default=False)],
    payload: options.Payload = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="A second call with it returns the first run.")
    ] = None,
    delay: Annotated[str | None, typer.Option("--delay", help='Start later, e.g. "5 minutes".')] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag for the run; may repeat.")] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Of the job: only workers that have it run it.")
    ] = None,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> None:
    """Start one run of a job; with --wait follow it to its end."""
    body = {
        "payload": read_payload(payload),
        "idempotency_key": idempotency_key,
        "delay": delay,
        "tags": tag or None,
        "version": version,
    }
    run = connection.ask("POST", f"/jobs/{connection.quoted(job)}/trigger", body=_given(body))
    if not as_json:
        said = "started" if run["is_new"] else "nothing is started: this call is answered with"
        output.say(f"{said} {run['id']} of {run['job_id']}")
    if wait:
        (final,) = _follow([run["id"]], timeout, as_json)
        if as_json:
            output.document(final)
        elif final["status"] == "SUCCESS":
            output.data(output.result_of(final))
        raise typer.Exit(exits.code_of_runs([final["status"]]))
    if as_json:
        output.document(run)
    else:
        output.data(run["id"])


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _tell_event(event: Mapping[str, Any]) -> None:
    for run in event["runs"]:
        output.data(f"{run['id']}  {run['job_id']}")
    for rejection in event.get("rejected", ()):
        reasons = "; ".join(f"{e['path']}: {e['message']}" for e in rejection["errors"])
        output.say(f"{rejection['job_id']} refused the event: {reasons}")
    for skip in event.get("skipped", ()):
        output.say(f"{skip['job_id']} does not start: {skip['message']}")
    kept = f"event {event['name']} is kept as {event['event_id']}"
    if event["runs"]:
        output.say(kept)
    elif event.get("delivered_at") is None and event.get("deliver_at"):
        output.say(f"{kept}; it is delivered at {output.local_time(event['deliver_at'])}")
    else:
        output.say(f"{kept} and starts no job. {_hint(event['name'])}")


def _hint(name: str) -> str:
    """What people need to know when no job listens: a near miss, or what else may take the event."""
    from difflib import get_close_matches  # start-up cost: only a miss needs it

    jobs = connection.ask("GET", "/jobs")["data"]
    known = sorted({event for job in jobs for trigger in job["triggers"] for event in trigger["events"]})
    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    if near and near[0] != name:
        return f"Did you mean '{near[0]}'?"
    return "A run that waits for it takes it up; `mainspring jobs` shows what jobs listen for."


def _follow_event(event: Mapping[str, Any], timeout: str | None, as_json: bool) -> None:
    if not event["runs"]:
        if as_json:
            output.document({**event, "runs": []})
        output.say("There is no run to wait for.")
        raise typer.Exit(exits.NOT_FOUND)
    finals = _follow([run["id"] for run in event["runs"]], timeout, as_json)
    if as_json:
        output.document({**event, "runs": finals})
    raise typer.Exit(exits.code_of_runs([run["status"] for run in finals]))


def _follow(run_ids: list[str], timeout: str | None, as_json: bool) -> list[dict[str, Any]]:
    from mainspring.cli.follow import follow_runs  # start-up cost: rich and asyncio

    limit = None if timeout is None else parse_duration(timeout)
    return connection.converse(lambda door: follow_runs(door, run_ids, timeout=limit, silent=as_json))
