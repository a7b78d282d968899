"""`stats`: how many runs ended how in the last hours or days, job by job, and what stands now."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, options, output
from mainspring.clock import SECOND
from mainspring.duration import format_duration

Span = Annotated[str, typer.Option("--span", help="How far back: 1h, 24h, 7d or 30d.")]
Job = Annotated[str | None, typer.Option("--job", help="Only this job's runs.", show_default=False)]

#: As they are shown, with their titles.
_STATUSES = (
    ("SUCCESS", "SUCCEEDED"),
    ("FAILED", "FAILED"),
    ("TIMED_OUT", "TIMED OUT"),
    ("CANCELLED", "CANCELLED"),
    ("EXPIRED", "EXPIRED"),
)


def stats(span: Span = "24h", job: Job = None, as_json: options.Json = False) -> None:
    """Show how many runs of each job ended how, how long they took, and what stands now.

    As JSON: the counts by time too.
    """
    asked = {"span": span, **({} if job is None else {"job": job})}
    whole = connection.ask("GET", "/stats", params=asked)
    jobs = connection.ask("GET", "/stats/jobs", params=asked)["data"]
    if as_json:
        return output.document({**whole, "jobs": jobs})
    rows = [_row(one["job_id"], one) for one in jobs]
    output.table(
        ("JOB", *(title for _, title in _STATUSES), "SUCCESS", "P50", "P95"),
        [*rows, *([_row("all", whole["ended"])] if len(rows) > 1 else [])],
        empty=f"No run has ended in the last {span}.",
    )
    now = whole["now"]
    people = now["approvals"] + now["tokens"]
    output.say(
        f"now: {_figure(now, 'running')} running, {_figure(now, 'pending')} pending, "
        f"{_figure(now, 'waiting')} waiting; {people:,} for an approval or a token"
    )


def _row(name: str, ended: dict[str, Any]) -> tuple[str, ...]:
    counts, rate = ended["counts"], ended["success_rate"]
    return (
        name,
        *(f"{counts[status]:,}" if status in counts else "" for status, _ in _STATUSES),
        "" if rate is None else f"{100 * rate:.1f} %",
        _span(ended["p50"]),
        _span(ended["p95"]),
    )


def _span(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(round(seconds * SECOND))


def _figure(now: dict[str, Any], name: str) -> str:
    more = "+" if name != "running" and now[name] >= now["counted_to"] else ""
    return f"{now[name]:,}{more}"
