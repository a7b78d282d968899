"""`schedules`: when jobs start by themselves; pause, resume, run now, backfill, explain."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from mainspring.cli import connection, groups, options, output
from mainspring.clock import SystemClock, to_datetime, to_iso
from mainspring.model.timetables import Timetable, check_cron, check_timezone, upcoming

schedules = groups.group(
    "Schedules: list, get, runs, pause, resume, run, backfill, register, unregister, explain. Bare `schedules` lists."
)

ScheduleId = Annotated[
    str,
    typer.Argument(metavar="SCHEDULE", help="The schedule's id; mostly that of its job.", show_default=False),
]


@schedules.command("list")
def list_schedules(
    job: Annotated[str | None, typer.Option("--job", help="Only schedules of this job.")] = None,
    external_id: Annotated[str | None, typer.Option("--external-id", help="Only those with it.")] = None,
    limit: options.Limit = 50,
    as_json: options.Json = False,
) -> None:
    """List the schedules, their times in words and the next slot of each."""
    page = connection.listing("/schedules", limit, job=job, external_id=external_id)
    if as_json:
        return output.document(page)
    rows = [(one["id"], one["job_id"] or "", _next(one), one["description"]) for one in page["data"]]
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
            ("overlap", found["overlap"]),
            ("external id", found["external_id"]),
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


@schedules.command("runs")
def list_runs(schedule: ScheduleId, limit: options.Limit = 20, as_json: options.Json = False) -> None:
    """List the runs that a schedule started, the newest first."""
    page = connection.listing("/runs", limit, schedule=schedule)
    if as_json:
        return output.document(page)
    rows = [
        (run["id"], output.local_time(run["payload"]["timestamp"]), run["status"]) for run in page["data"]
    ]
    output.table(("RUN", "SLOT", "STATUS"), rows, empty="It has started no runs yet.")


@schedules.command("backfill")
def backfill_schedule(
    schedule: ScheduleId,
    since: Annotated[
        str, typer.Option("--since", help="The first instant, with its zone.", show_default=False)
    ],
    until: Annotated[
        str, typer.Option("--until", help="The last instant, with its zone.", show_default=False)
    ],
    as_json: options.Json = False,
) -> None:
    """Start a run for every slot of a past range that has none."""
    path = f"/schedules/{connection.quoted(schedule)}/backfill"
    page = connection.ask("POST", path, body={"since": since, "until": until})
    if as_json:
        return output.document(page)
    slots = page["data"]
    started = sum(one["is_new"] for one in slots)
    output.say(f"{len(slots)} slots: {started} started a run, {len(slots) - started} had theirs")


@schedules.command("register")
def register_schedule(
    dynamic_schedule: Annotated[
        str, typer.Argument(metavar="DYNAMIC", help="The dynamic schedule's id.", show_default=False)
    ],
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="What this schedule goes by in it.", show_default=False)
    ],
    cron: Annotated[str | None, typer.Option("--cron", help="A cron expression.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="An interval, like 5m.")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Of the expression; UTC.")] = None,
    overlap: Annotated[str, typer.Option("--overlap", help="allow, skip, cancel or queue.")] = "allow",
    external_id: Annotated[str | None, typer.Option("--external-id", help="A tenant, say.")] = None,
    as_json: options.Json = False,
) -> None:
    """Register a schedule at run time, or change the one with this key."""
    given = {"cron": cron, "every": every, "timezone": timezone, "external_id": external_id}
    body = {"dynamic_schedule": dynamic_schedule, "key": key, "overlap": overlap}
    found = connection.ask("POST", "/schedules", body={**body, **{k: v for k, v in given.items() if v}})
    if as_json:
        return output.document(found)
    output.say(f"{found['id']}: {found['description']}, next {_next(found)}")


@schedules.command("unregister")
def unregister_schedule(schedule: ScheduleId, as_json: options.Json = False) -> None:
    """Remove a schedule that was registered at run time."""
    found = connection.ask("DELETE", f"/schedules/{connection.quoted(schedule)}")
    if as_json:
        return output.document(found)
    output.say(f"{schedule} is unregistered" if found["deleted"] else f"there was no {schedule}")


@schedules.command("explain")
def explain(
    expression: Annotated[
        str, typer.Argument(metavar="CRON", help='Like "0 9 * * MON-FRI".', show_default=False)
    ],
    timezone: Annotated[str, typer.Option("--timezone", help="The zone of its times.")] = "UTC",
    as_json: options.Json = False,
) -> None:
    """Say a cron expression in words, with its next five slots. Asks no server."""
    timetable = Timetable(check_cron(expression), check_timezone(timezone))
    slots = upcoming(timetable, SystemClock().now())
    if as_json:
        shown = [to_iso(slot) for slot in slots]
        return output.document({"description": timetable.in_words(), "upcoming": shown})
    output.data(timetable.in_words())
    for slot in slots:
        output.data(f"{to_datetime(slot).astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S %Z}")


def _next(one: dict[str, Any]) -> str:
    if one["paused_at"]:
        return "paused"
    if one["job_id"] is None:
        return "asleep"
    return output.local_time(one["next_at"]) if one["next_at"] else "never"
