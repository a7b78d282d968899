"""What the commands print with: data on stdout, talk on stderr. Light: rich is loaded by the first table only."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Kinds of waits whose name says nothing to people.
_WAITS_FOR = {"time": "", "retry": "for its next attempt"}


def document(value: Any) -> None:
    """`value` as one JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def stream(value: Any) -> None:
    """`value` as one line of NDJSON on stdout, visible at once."""
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")), flush=True)


def data(text: str) -> None:
    """One line of data on stdout."""
    print(clean(text), flush=True)


def say(text: str) -> None:
    """One line of talk on stderr."""
    print(clean(text), file=sys.stderr, flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Rows under their heads on stdout; when there are none, `empty` on stderr."""
    from mainspring.cli import paint  # start-up cost: rich is loaded only when something is drawn

    kept = [[clean(cell) for cell in row] for row in rows]
    if kept:
        paint.table(columns, kept)
    else:
        say(empty)


def facts(pairs: Iterable[tuple[str, Any]]) -> None:
    """Names and values, one a line, on stdout; None values are left out."""
    from mainspring.cli import paint  # start-up cost, as above

    paint.facts([(name, clean(str(value))) for name, value in pairs if value is not None])


def clean(text: str) -> str:
    """`text` without control characters: what users' code wrote must not steer the terminal."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def compact(value: Any, limit: int = 120) -> str:
    """`value` as one short line of JSON, cut at `limit` characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def local_time(iso: str | None) -> str:
    """An API instant as local wall-clock time; "" for None."""
    from datetime import datetime  # start-up cost: `--help` has no use for it

    if iso is None:
        return ""
    at = datetime.fromisoformat(iso).astimezone()
    today = datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if at.date() == today else "%Y-%m-%d %H:%M:%S")


def span(start: str | None, end: str | None) -> int | None:
    """Microseconds between two API instants, None while one of them is missing."""
    from datetime import datetime, timedelta  # start-up cost, as above

    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) // timedelta(microseconds=1)


def failure_text(error: Mapping[str, Any]) -> str:
    """An API error object on one line: `ValueError: no stock (task charge)`."""
    message = str(error["message"]).strip().split("\n")[0]
    text = f"{error['type']}: {message}" if message else str(error["type"])
    return f"{text} (task {error['task']})" if error.get("task") else text


def wait_text(wait: Mapping[str, Any]) -> str:
    """An element of a run's `waiting_for`, or the data of its WAIT_STARTED, in words."""
    if wait.get("message"):
        return str(wait["message"])
    what = _WAITS_FOR.get(wait["kind"], f"for {wait['kind']} {wait['task']}")
    if wait.get("event_name"):
        what = f"for event '{wait['event_name']}'" + (f" with id '{wait['id']}'" if wait.get("id") else "")
    if wait.get("run"):
        what = f"for run {wait['run']}"
    if wait.get("runs"):
        what = f"for {wait['runs']} runs"
    until = f"until {local_time(wait['until'])}" if wait.get("until") else ""
    return " ".join(part for part in ("waits", what, until) if part)


def outcome_text(task: Mapping[str, Any]) -> str:
    """A finished task's output, shortened to what people look for."""
    kind, value = task["kind"], task["output"]
    if kind == "run_wait":
        return _results_text(value)
    if kind == "store":
        return compact(value["value"])
    if kind == "event_wait":
        return compact(value["payload"])
    if kind == "send_event":
        return ", ".join(f"{event['name']} sent" for event in value)
    if kind == "trigger":
        return ", ".join(f"{run['job_id']} {run['id']}" for run in value)
    return compact(value)


def result_of(run: Mapping[str, Any]) -> str:
    """A finished run's output as JSON, or its error on one line; "" when it ended without one."""
    if run["status"] == "SUCCESS":
        return json.dumps(run["output"], ensure_ascii=False)
    return failure_text(run["error"]) if run["error"] else ""


def _results_text(value: Any) -> str:
    """What the runs that were waited for came to: one's output, or how many ended how."""
    if isinstance(value, list):
        counts = Counter(str(result["status"]) for result in value)
        return ", ".join(f"{count} {status}" for status, count in counts.items())
    return compact(value["output"]) if value["status"] == "SUCCESS" else str(value["status"])
