"""`schedules`: when jobs start by themselves; pause, resume, run now."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, groups, options, output

schedules = groups.group("Schedules: list, get, pause, resume, run. Bare `schedules` lists.")

ScheduleId = Annotated[
    str,
    typer.Argument(metavar="SCHEDULE", help="The schedule's id; mostly that of its job.", show_default=False),
]


@schedules.command("list")
def list_schedules(as_json: options.Json = False) -> None:
    """List the schedules, their times in words and the next slot of each."""
    page = connection.ask("GET", "/schedules")
    if as_json:
        return output.document(page)
    rows = [(one["id"], one["job_id"], _next(one), one["description"]) for one in page["data"]]
    output.table(
        ("SCHEDULE", "JOB", "NEXT", "TIMES"),
        rows,
        empty="There are no schedules: give a job a cron_trigger(...) or an interval_trigger(...).",
    )


@schedules.command("get")
def get_schedule(schedule: ScheduleId, as_json: options.Json = False) -> None:
    """Show a schedule with its next five slots."""
    found = connection.ask("GET", f"/schedules/{connection.quoted(schedule)}")
    if as_json:
        return output.document(found)
    output.facts(
        [
            ("schedule", found["id"]),
            ("job", found["job_id"]),
            ("times", found["description"]),
            ("cron", found["cron"]),
            ("catch up", found["catch_up"]),
            ("last", output.local_time(found["last_at"]) if found["last_at"] else None),
            ("next", _next(found)),
            ("then", ", ".join(output.local_time(slot) for slot in found["upcoming"][1:]) or None),
            ("refused", found["refusal"]),
        ]
    )


@schedules.command("pause")
def pause_schedule(schedule: ScheduleId, as_json: options.Json = False) -> None:
    """Let its slots start nothing until it is resumed."""
    _switch(schedule, "pause", as_json)


@schedules.command("resume")
def resume_schedule(schedule: ScheduleId, as_json: options.Json = False) -> None:
    """Go on with the next slot from now."""
    _switch(schedule, "resume", as_json)


def _switch(schedule: str, verb: str, as_json: bool) -> None:
    found = connection.ask("POST", f"/schedules/{connection.quoted(schedule)}/{verb}")
    if as_json:
        return output.document(found)
    output.say(
        f"{found['id']} is paused" if found["paused_at"] else f"{found['id']} is next due {_next(found)}"
    )


@schedules.command("run")
def run_schedule(schedule: ScheduleId, as_json: options.Json = False) -> None:
    """Start a run of it now; its slots stay as they are."""
    run = connection.ask("POST", f"/schedules/{connection.quoted(schedule)}/run")
    if as_json:
        return output.document(run)
    output.say(f"started {run['id']} of {run['job_id']}")
    output.data(run["id"])


def _next(one: dict[str, Any]) -> str:
    if one["paused_at"]:
        return "paused"
    return output.local_time(one["next_at"]) if one["next_at"] else "never"
