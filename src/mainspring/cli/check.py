"""`check APP`: whether an app loads, and whether the open runs of an environment could go on with it."""

import contextlib
import logging
import sys
from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, options, output
from mainspring.cli.worker import App, app_or_found
from mainspring.clock import SECOND
from mainspring.duration import parse_duration

#: Seconds beyond a body's own patience after which the loop counts as blocked.
_GRACE = 5.0


def check(
    app: App = None,
    against_url: Annotated[
        str | None,
        typer.Option(
            "--against-url",
            metavar="URL",
            help="Check against the open runs of the server there; the key says which.",
        ),
    ] = None,
    job: Annotated[str | None, typer.Option("--job", help="Only this job and its runs.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only runs with this tag.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="So many runs at most.")] = None,
    no_bodies: Annotated[
        bool, typer.Option("--no-bodies", help="Call no function: compare definitions and payloads only.")
    ] = False,
    patience: Annotated[
        str, typer.Option("--patience", help="How long a function may be at work outside of tasks.")
    ] = "5s",
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="KIND", help="A kind of finding that is meant; may be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as well.")] = False,
    as_json: options.Json = False,
) -> None:
    """Say whether APP loads and what it defines; with --against-url, whether open runs could go on with it.

    Exit code 0: they could. 1: some could not. 2: of some it could not be told.
    """
    from mainspring.preflight.check import Wanted  # start-up cost: `--help` needs none of it
    from mainspring.preflight.definitions import defined
    from mainspring.preflight.findings import Report

    wanted = Wanted(job, tag, limit, with_bodies=not no_bodies, patience=parse_duration(patience) / SECOND)
    report = Report(_kinds(allow or []), strict, not no_bodies)
    with contextlib.redirect_stdout(sys.stderr):  # what the app prints is no data of ours
        ref, client = _loaded(app)
        if against_url is not None:
            _check(client, against_url, wanted, report)
    jobs = [defined(spec) for spec in client.job_specs()]
    _tell(ref, jobs, against_url, report, as_json)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _tell(ref: str, jobs: list[dict[str, Any]], url: str | None, report: Any, as_json: bool) -> None:
    if as_json:
        found = {} if url is None else {"url": url, **report.shown()}
        return output.document({"app": ref, "jobs": jobs, **found})
    _show_jobs(ref, jobs)
    if url is not None:
        _show(report)


def _loaded(app: str | None) -> tuple[str, Any]:
    from mainspring.worker.loader import load_client  # start-up cost, as above

    ref = app_or_found(app)
    return ref, load_client(ref)


def _kinds(given: list[str]) -> frozenset[str]:
    from mainspring.preflight.findings import MENDS  # start-up cost, as above

    unknown = [kind for kind in given if kind not in MENDS]
    if unknown:
        exits.usage(
            f"--allow {unknown[0]}: there is no such kind of finding", f"There are {', '.join(MENDS)}."
        )
    return frozenset(given)


def _check(client: Any, url: str, wanted: Any, report: Any) -> None:
    from mainspring.client.http import open_door  # start-up cost, as above
    from mainspring.preflight.aside import run_aside
    from mainspring.preflight.check import check as check_runs
    from mainspring.worker.capture import capturing

    connection.use_flags(api_url=url, api_key=connection.flags().get("api_key"))
    key = connection.key_of(connection.address())
    is_watched = sys.stderr.isatty()

    def told(count: int) -> None:
        if is_watched:
            print(f"\r{count:,} runs", end="", file=sys.stderr, flush=True)

    async def run() -> None:
        door = open_door(url, key)
        try:
            await check_runs(client, door, wanted, report, told)
        finally:
            await door.aclose()

    try:
        logging.disable(logging.CRITICAL)  # what rehearsed code logs was said when it ran
        with capturing(echoes=False):
            run_aside(run, wanted.patience + _GRACE)
    except TimeoutError as error:  # where it stands still nothing more can be told
        report.cannot_tell(None, None, str(error))
    finally:
        logging.disable(logging.NOTSET)
        if is_watched:
            print("\r", end="", file=sys.stderr)


# ── for people ───────────────────────────────────────────────────────────────────────────────────────
def _show_jobs(ref: str, jobs: list[dict[str, Any]]) -> None:
    output.say(f"{ref} loads and defines {_count(len(jobs), 'job')}.")
    rows = [(job["id"], job["version"], job["trigger"]) for job in jobs]
    output.table(("JOB", "VERSION", "TRIGGER"), rows, empty="Define one with @client.job(id=...).")


def _show(report: Any) -> None:
    for finding in report.sorted():
        output.data("")
        output.data(
            f"{'BREAKS' if finding.level == 'breaking' else 'NOTE'}  {finding.job}: {finding.message}"
        )
        if finding.runs:
            examples = ", ".join(finding.examples[:2]) + (", ..." if finding.runs > 2 else "")
            output.data(f"  {_count(finding.runs, 'run')}: {examples}")
        output.data(f"  {finding.kind}. {finding.mend}")
    for (job, why), (count, run_id) in report.unchecked.items():
        output.data("")
        output.data(f"CANNOT TELL  {why}" if job is None else f"CANNOT TELL  {job}: {why}")
        if run_id is not None:
            output.data(f"  {_count(count, 'run')}: {run_id}")
    output.data("")
    output.data(_summary(report))


def _summary(report: Any) -> str:
    breaks, notes = report.runs_of("breaking"), report.runs_of("warning")
    untold = report.checked - report.fits - breaks - notes
    words = [f"{_count(report.checked, 'open run')} checked"]
    if report.checked:
        words[0] += f": {report.fits + notes:,} can go on with this code"
        words[0] += "" if report.with_bodies else " as far as their payloads tell"
    if notes:
        words.append(f"{notes:,} of them with a note")
    if breaks:
        words.append(f"{breaks:,} cannot")
    if untold:
        words.append(f"of {untold:,} it could not be told")
    if report.bound:
        words.append(f"{report.bound:,} more are bound to another version: leave a worker of it running")
    if report.resumable:
        first = report.resumable[0]
        words.append(
            f"{len(report.resumable):,} that had stopped would go on: mainspring runs resume {first}"
        )
    if report.is_cut:
        words.append("there are more than --limit")
    return f"{', '.join(words)}."


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
