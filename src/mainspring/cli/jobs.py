"""`jobs`: what is registered, what starts it, and its switch."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output

jobs = groups.group("Jobs: list, get, enable, disable. Bare `jobs` lists.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.", show_default=False)]


@jobs.command("list")
def list_jobs(as_json: options.Json = False) -> None:
    """List the jobs, what starts each and whether a live worker has it."""
    page = connection.ask("GET", "/jobs")
    if as_json:
        return output.document(page)
    rows = [(job["id"], job["version"], _state(job), job["trigger"]) for job in page["data"]]
    output.table(
        ("JOB", "VERSION", "STATE", "TRIGGER"),
        rows,
        empty="There are no jobs yet: start a worker with `mainspring dev app.py`.",
    )


@jobs.command("get")
def get_job(job: JobId, as_json: options.Json = False) -> None:
    """Show a job with its payload schema and how its runs went."""
    found = connection.ask("GET", f"/jobs/{connection.quoted(job)}")
    if as_json:
        return output.document(found)
    output.facts(
        [
            ("job", found["id"]),
            ("name", found["name"]),
            ("version", found["version"]),
            ("versions", _versions(found)),
            ("bound", "runs stay with the version they began on" if found["pin_version"] else None),
            ("state", _state(found)),
            ("trigger", found["trigger"]),
            ("runs", _counts(found)),
            ("schema", output.compact(found["payload_schema"], 10_000) if found["payload_schema"] else None),
        ]
    )


@jobs.command("enable")
def enable_job(job: JobId, as_json: options.Json = False) -> None:
    """Let events start this job again."""
    _switch(job, "enable", as_json)


@jobs.command("disable")
def disable_job(job: JobId, as_json: options.Json = False) -> None:
    """Keep events from starting this job; its runs in flight go on."""
    _switch(job, "disable", as_json)


def _switch(job: str, verb: str, as_json: bool) -> None:
    found = connection.ask("POST", f"/jobs/{connection.quoted(job)}/{verb}")
    if as_json:
        return output.document(found)
    output.say(f"{found['id']} is {'enabled' if found['enabled'] else 'disabled'}")


def _state(job: dict[str, Any]) -> str:
    if not job["enabled"]:
        return "disabled"
    return "ready" if job["served"] else "no worker"


def _versions(job: dict[str, Any]) -> str | None:
    """All that were registered, with their live workers, where there is more than one."""
    versions = job["versions"]
    if len(versions) < 2:
        return None
    return ", ".join(f"{one['version']} ({len(one['workers'])} workers)" for one in versions)


def _counts(job: dict[str, Any]) -> str:
    counts = job["counts"]
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "none yet"
