"""`runs`: list, look at, cancel, resume, settle and replay them."""

from typing import Annotated, Any, cast

import typer

from mainspring.cli import connection, exits, groups, options, output
from mainspring.cli.bulk import act_on_many
from mainspring.cli.payload import read_payload
from mainspring.duration import format_duration, parse_duration

runs = groups.group("Runs: list, get, cancel, resume, settle, replay. Bare `runs` lists.")


@runs.command("get")
def get_run(run: options.RunId, as_json: options.Json = False) -> None:
    """Show a run with its tasks, attempts and errors."""

    async def all_of_it(door: Any) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        path = f"/runs/{connection.quoted(run)}"
        found = await connection.call(door, "GET", path)
        starts = await connection.call(door, "GET", f"{path}/starts")
        return found, await connection.everything(door, f"{path}/tasks"), starts["data"]

    found, tasks, starts = connection.converse(all_of_it)
    if as_json:
        return output.document({**found, "tasks": tasks, "starts": starts})
    _show_run(found, starts)
    if tasks:
        output.data("")
        rows = [row for task in tasks for row in _task_rows(task)]
        output.table(("TASK", "STATUS", "ATTEMPT", "TOOK", ""), rows, empty="")


@runs.command("cancel")
def cancel_run(
    run: options.MaybeRunId = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Shown with the run.")] = None,
    status: options.ManyStatus = None,
    job: options.ManyJob = None,
    tag: options.ManyTag = None,
    since: options.ManySince = None,
    until: options.ManyUntil = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Cancel a run: at once when it is pending or waiting, at its next await when it is running. Or many, by filter."""
    filter = {"status": status, "job": job, "tag": tag, "since": since, "until": until}
    if _means_many(run, filter, dry_run):
        said = {} if reason is None else {"reason": reason}
        return act_on_many("cancel", filter, said, dry_run=dry_run, as_json=as_json)
    assert run is not None
    body = None if reason is None else {"reason": reason}
    found = connection.ask("POST", f"/runs/{connection.quoted(run)}/cancel", body=body)
    _answer(found, as_json)


@runs.command("why")
def why_run(run: options.RunId, as_json: options.Json = False) -> None:
    """Say why a run is not running, who has the slots it waits for, or which breaker holds it, and what can be done."""
    found = connection.ask("GET", f"/runs/{connection.quoted(run)}/why")
    if as_json:
        return output.document(found)
    reason = found["reason"]
    if reason is None:
        return output.say(f"{run} is {found['status']}: nothing holds it back")
    output.facts(
        [
            ("reason", reason["code"]),
            ("what", reason["message"]),
            ("until", output.local_time(reason["until"]) if reason["until"] else None),
            ("limit", None if reason["limit"] is None else str(reason["limit"])),
            ("held by", ", ".join(reason["held_by"]) or None),
            ("before it", None if reason["position"] is None else str(reason["position"])),
            ("starts", output.local_time(reason["predicted_at"]) if reason["predicted_at"] else None),
            ("mend", reason["action"]),
        ]
    )


@runs.command("checkpoints")
def checkpoints_of_run(run: options.RunId, as_json: options.Json = False) -> None:
    """Show what a replay of a run goes by; with --json all of it, for `mainspring.testing.replay`."""
    found = connection.ask("GET", f"/runs/{connection.quoted(run)}/checkpoints")
    if as_json:
        return output.document(found)
    rows = [
        ("" if one["position"] is None else str(one["position"]), one["key"], one["kind"], one["status"])
        for one in found["checkpoints"]
    ]
    output.table(("NUMBER", "KEY", "KIND", "STATUS"), rows, empty="Nothing was kept of this run yet.")


@runs.command("reschedule")
def reschedule_run(
    run: options.RunId,
    delay: Annotated[str | None, typer.Option("--delay", help="From now: 90s, 1h30m.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="An instant with its zone.")] = None,
    as_json: options.Json = False,
) -> None:
    """Put a delayed run off, or bring it forward: --delay 0 starts it now."""
    body = {name: value for name, value in (("delay", delay), ("at", at)) if value is not None}
    found = connection.ask("POST", f"/runs/{connection.quoted(run)}/reschedule", body=body)
    _answer(found, as_json)


@runs.command("repin")
def repin_run(
    run: options.RunId,
    version: Annotated[
        str | None, typer.Option("--version", help="The version that goes on with it.")
    ] = None,
    any_version: Annotated[bool, typer.Option("--any", help="Whichever version takes it.")] = False,
    as_json: options.Json = False,
) -> None:
    """Let another version of its job go on with a run that is bound to one."""
    if (version is None) != any_version:
        exits.usage("which version?", "Give --version VERSION, or --any.")
    body = {"version": version}
    found = connection.ask("POST", f"/runs/{connection.quoted(run)}/repin", body=body)
    if as_json:
        return output.document(found)
    bound = f"is bound to {version}" if version else "is bound to no version"
    output.say(f"{run} {bound}")


@runs.command("bulks")
def list_bulks(limit: options.Limit = 20, as_json: options.Json = False) -> None:
    """List what was done to many runs at once, the newest first, and how far it has come."""
    page = connection.listing("/bulk", limit)
    if as_json:
        return output.document(page)
    rows = [
        (one["id"], one["action"], one["status"], f"{one['done']} of {one['total']}", str(one["failed"]))
        for one in page["data"]
    ]
    output.table(
        ("BULK", "ACTION", "STATUS", "DONE", "FAILED"),
        rows,
        empty="Nothing was done to many runs at once yet: `mainspring runs cancel --status PENDING` would be.",
    )


@runs.command("reset-key")
def reset_key(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's id.", show_default=False)],
    key: Annotated[str, typer.Argument(metavar="KEY", help="The idempotency key.", show_default=False)],
    as_json: options.Json = False,
) -> None:
    """Let an idempotency key start a fresh run of a job again."""
    found = connection.ask("POST", f"/jobs/{connection.quoted(job)}/keys/reset", body={"key": key})
    if as_json:
        return output.document(found)
    output.say(f"{key} starts a fresh run again" if found["reset"] else f"no run of {job} has the key {key}")


@runs.command("resume")
def resume_run(run: options.RunId, as_json: options.Json = False) -> None:
    """Let a run go on that stopped because its code no longer fits its finished tasks."""
    found = connection.ask("POST", f"/runs/{connection.quoted(run)}/resume")
    _answer(found, as_json)


@runs.command("settle")
def settle_task(
    run: options.RunId,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's key.", show_default=False)],
    done: Annotated[
        str | None,
        typer.Option("--done", metavar="JSON", help="It was done, and came to this (JSON, @file or -)."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="It was not done: try it again.")] = False,
    fail: Annotated[bool, typer.Option("--fail", help="Let it fail: its call raises TaskFailed.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="With --fail: why.")] = None,
    as_json: options.Json = False,
) -> None:
    """Say what became of a task in doubt (effect="once"), so that its run goes on."""
    if (done is not None) + retry + fail != 1:
        exits.usage("a task is settled in one way", "Give --done JSON, --retry or --fail.")
    if reason is not None and not fail:
        exits.usage("--reason goes with --fail", "Leave it out, or add --fail.")
    body: dict[str, Any] = {"verdict": "retry" if retry else "fail"}
    if done is not None:
        body = {"verdict": "done", "output": read_payload(done)}
    elif reason is not None:
        body["message"] = reason
    path = f"/runs/{connection.quoted(run)}/tasks/{connection.quoted(task)}/settle"
    _answer(connection.ask("POST", path, body=body), as_json)


@runs.command("replay")
def replay_run(
    run: options.MaybeRunId = None,
    payload: options.Payload = None,
    from_task: Annotated[
        str | None,
        typer.Option(
            "--from", help="Keep what began before this task and finished: its key, as in `runs get`."
        ),
    ] = None,
    wait: options.Wait = False,
    timeout: options.Timeout = None,
    status: options.ManyStatus = None,
    job: options.ManyJob = None,
    tag: options.ManyTag = None,
    error: options.ManyError = None,
    since: options.ManySince = None,
    until: options.ManyUntil = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Start a fresh run of the same job, with the same payload or another: all of it, or from a task on. Or many, by
    filter."""
    filter = {"status": status, "job": job, "tag": tag, "error": error, "since": since, "until": until}
    if _means_many(run, filter, dry_run):
        said = {} if from_task is None else {"from_task": from_task}
        return act_on_many("replay", filter, said, dry_run=dry_run, as_json=as_json)
    assert run is not None
    body = {} if payload is None else {"payload": read_payload(payload)}
    if from_task is not None:
        body["from_task"] = from_task
    found = connection.ask("POST", f"/runs/{connection.quoted(run)}/replay", body=body)
    if not wait:
        return _answer(found, as_json)
    if not as_json:
        output.say(f"started {found['id']}")
    from mainspring.cli.follow import follow_runs  # start-up cost: rich and asyncio

    limit = None if timeout is None else parse_duration(timeout)
    (final,) = connection.converse(
        lambda door: follow_runs(door, [found["id"]], timeout=limit, silent=as_json)
    )
    _answer(final, as_json)
    raise typer.Exit(exits.code_of_runs([final["status"]]))


def _means_many(run: str | None, filter: dict[str, str | None], dry_run: bool) -> bool:
    is_filtered = dry_run or any(text is not None for text in filter.values())
    if run is None and not is_filtered:
        exits.usage("which run?", "Name one, or say which with --status, --job, --tag, --since, ...")
    if run is not None and is_filtered:
        exits.usage("a run and a filter", "Name one run, or say which with options; not both.")
    return run is None


def _answer(run: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return output.document(run)
    output.data(run["id"])
    output.say(f"{run['id']} is {run['status']}")


def _show_run(run: dict[str, Any], starts: list[dict[str, Any]]) -> None:
    error = run["error"] or {}
    output.facts(
        [
            ("run", run["id"]),
            ("job", f"{run['job_id']} {run['job_version']}"),
            ("bound to", run["pinned_version"]),
            ("ran on", _versions(starts)),
            ("status", run["status"]),
            ("remark", remark(run) or None),
            ("attempt", f"{run['attempt']} of {run['max_attempts']}"),
            ("event", run["event_id"]),
            ("events", _joined(run)),
            ("parent", run["parent_run_id"]),
            ("replay of", _origin(run)),
            ("cancelled by", run["cancelled_by"]),
            ("because", run["cancel_reason"]),
            ("created", output.local_time(run["created_at"])),
            ("started", output.local_time(run["started_at"]) or None),
            ("finished", output.local_time(run["finished_at"]) or None),
            ("payload", output.compact(run["payload"], 2_000)),
            ("output", output.compact(run["output"], 2_000) if run["status"] == "SUCCESS" else None),
            ("tags", ", ".join(run["tags"]) or None),
            ("metadata", output.compact(run["metadata"], 2_000) if run["metadata"] else None),
            ("progress", output.compact(run["progress"]) if run["progress"] else None),
            ("traceback", (error.get("traceback") or "").rstrip() or None),
        ]
    )


def _versions(starts: list[dict[str, Any]]) -> str | None:
    """The versions of its job that had the run, where there was more than one, with the body's attempts."""
    told = dict.fromkeys((start["version"], start["attempt"]) for start in starts if start["version"])
    if len({version for version, _ in told}) < 2:
        return None
    return ", ".join(f"{version} (attempt {attempt})" for version, attempt in told)


def _origin(run: dict[str, Any]) -> str | None:
    if run["replay_of"] is None or run["replay_from"] is None:
        return cast("str | None", run["replay_of"])
    return f"{run['replay_of']} from '{run['replay_from']}' on"


def remark(run: dict[str, Any]) -> str:
    """Why the run stands where it stands."""
    if run["pending_reason"]:
        return str(run["pending_reason"]["message"])
    if run["error"]:
        return output.failure_text(run["error"])
    return ", ".join(output.wait_text(wait) for wait in run["waiting_for"] or ())


def _task_rows(task: dict[str, Any]) -> list[tuple[str, ...]]:
    failed = [
        (
            f"  attempt {attempt['number']}",
            "FAILED",
            "",
            _took(attempt),
            output.failure_text(attempt["error"]),
        )
        for attempt in task["attempts"]
        if attempt["error"]
    ]
    is_told = task["status"] == "SUCCESS" and task["output"] is not None
    result = output.outcome_text(task) if is_told else ""
    if task["kept_from"] is not None:
        result = f"kept from {task['kept_from']}  {result}".rstrip()
    whole = (task["key"], task["status"], str(task["attempt"]), _took(task), result)
    return [whole, *failed]


def _took(thing: dict[str, Any]) -> str:
    span = output.span(thing["started_at"], thing["finished_at"])
    return "" if span is None else format_duration(span)


def _joined(run: dict[str, Any]) -> str | None:
    """Of a run that several events may become."""
    count = run["joined_events"]
    return None if count is None else f"{count}, see `mainspring events list --run {run['id']}`"
