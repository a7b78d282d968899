"""Rules over events (I1): each started a run of every job that listened, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding, Rule
from mainspring.audit.reading import with_payloads
from mainspring.audit.rows import EventRow
from mainspring.codec import decode
from mainspring.model.filters import matches
from mainspring.storage.database import Database, Transaction

PAGE_EVENTS = 1_000


@dataclass(frozen=True, slots=True)
class _Listener:
    """A job that listens for an event, and since when it does so in this way."""

    job_id: str
    filter: Any
    source: str | None
    since: int

    def heard(self, event: EventRow, grace: int) -> bool:
        """Whether it is known to have listened, its filter aside, when the event was delivered."""
        return (
            event.delivered_at is not None
            and event.delivered_at > self.since + grace
            and self.source in (None, event.source)
        )


def check_events(database: Database, grace: int) -> Iterator[Finding]:
    """Every event, page by page. `grace`: see `check_database`."""
    after = 0
    while True:
        with database.read() as tx:
            events = [EventRow._make(row) for row in tx.rows("audit_events", after=after, limit=PAGE_EVENTS)]
            problems = list(_page(tx, events, grace)) if events else []
        yield from problems
        if len(events) < PAGE_EVENTS:
            return
        after = events[-1].sequence


def _page(tx: Transaction, events: list[EventRow], grace: int) -> Iterator[Finding]:
    started: dict[str, list[tuple[str, str]]] = {}
    for event_id, run_id, job_id in tx.rows("audit_runs_of_events", ids=[event.id for event in events]):
        started.setdefault(event_id, []).append((run_id, job_id))
    listeners = _listeners(tx, {event.name for event in events})
    doubtful: list[tuple[EventRow, list[_Listener]]] = []
    for event in events:
        runs = started.get(event.id, [])
        refusals = _refusals(event)
        yield from _event(event, runs, refusals)
        settled = refusals | {job_id for _, job_id in runs}
        listening = listeners.get((event.environment_id, event.name), [])
        missed = [one for one in listening if one.job_id not in settled and one.heard(event, grace)]
        if missed:
            doubtful.append((event, missed))
    yield from _missing(tx, doubtful)


def _listeners(tx: Transaction, names: set[str]) -> dict[tuple[str, str], list[_Listener]]:
    listeners: dict[tuple[str, str], list[_Listener]] = {}
    rows = tx.rows("audit_listeners", names=sorted(names))
    for environment_id, name, job_id, condition, source, since in rows:
        listener = _Listener(job_id, decode(condition) if condition else None, source, since)
        listeners.setdefault((environment_id, name), []).append(listener)
    return listeners


def _refusals(event: EventRow) -> set[str]:
    return set() if event.rejections == "[]" else {one["job_id"] for one in decode(event.rejections)}


def _event(event: EventRow, runs: list[tuple[str, str]], refusals: set[str]) -> Iterator[Finding]:
    if event.delivered_at is not None and event.cancelled_at is not None:
        yield _about(event, rules.EVENT_CONTRADICTS, "it was cancelled and delivered")
    if event.delivered_at is None and runs:
        message = f"it was never delivered, but started {runs[0][0]}"
        yield _about(event, rules.EVENT_CONTRADICTS, message)
    seen: dict[str, str] = {}
    for run_id, job_id in runs:
        other = seen.setdefault(job_id, run_id)
        if other != run_id:
            message = f"it started job '{job_id}' twice: {other} and {run_id}"
            yield _about(event, rules.EVENT_RAN_TWICE, message)
        if job_id in refusals:
            message = f"job '{job_id}' refused it, but {run_id} was started"
            yield _about(event, rules.EVENT_CONTRADICTS, message)


def _missing(tx: Transaction, doubtful: list[tuple[EventRow, list[_Listener]]]) -> Iterator[Finding]:
    """Jobs that listened when an event was delivered, of which it neither started a run nor was refused."""
    filtered: dict[str, list[_Listener]] = {}
    for event, listeners in doubtful:
        sure = {one.job_id for one in listeners if one.filter is None}
        yield from (_without_run(event, job_id) for job_id in sorted(sure))
        if rest := [one for one in listeners if one.job_id not in sure]:
            filtered[event.id] = rest
    asked = [event for event, _ in doubtful if event.id in filtered]
    for event, payload in with_payloads(tx, asked):
        jobs = {one.job_id for one in filtered[event.id] if matches(one.filter, payload)}
        yield from (_without_run(event, job_id) for job_id in sorted(jobs))


def _without_run(event: EventRow, job_id: str) -> Finding:
    return _about(event, rules.EVENT_WITHOUT_RUN, f"job '{job_id}' listens for it, but it started no run")


def _about(event: EventRow, rule: Rule, message: str) -> Finding:
    return Finding(rule, message, event.environment_id, event_id=event.id)
