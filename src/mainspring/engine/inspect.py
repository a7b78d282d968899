"""The read questions of API, CLI and dashboard: `question(tx, environment_id, ...)`. Nothing here decides."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from mainspring.clock import DAY, Instant
from mainspring.codec import decode
from mainspring.engine.accounts import KeyHolder, authenticate
from mainspring.engine.breaker_reads import breakers_of, in_words
from mainspring.engine.doubts import doubt_message
from mainspring.engine.jobs import spec_from_text
from mainspring.engine.lists import MOST_LOOKED_AT, find_runs, runs_at
from mainspring.engine.skips import outcomes_from_text, skips_of
from mainspring.engine.takers import with_takers
from mainspring.engine.views import (
    EventQuery,
    EventView,
    JobView,
    LastRun,
    Page,
    RunOfEvent,
    RunPage,
    RunQuery,
    RunView,
    ScheduleQuery,
    ScheduleView,
    VersionView,
    WaitView,
    WorkerView,
)
from mainspring.model.breakers import Breaker
from mainspring.model.events import Event
from mainspring.model.joining import joins_events
from mainspring.model.pending import LiveVersion, pending_reason
from mainspring.model.runs import FAILURES, Run, RunStatus
from mainspring.model.schedules import Schedule
from mainspring.model.store import StoreEntry, StoreScope
from mainspring.model.timetables import upcoming
from mainspring.model.waits import Wait
from mainspring.model.workers import queues_of, served_names, versions_of
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import APPROVAL, EVENT, RUN, SCHEDULE, STORE_ENTRY, WAIT, WORKER

__all__ = [
    "KeyHolder",
    "authenticate",
    "get_batch",
    "get_event",
    "get_job",
    "get_run_row",
    "get_runs",
    "get_schedule",
    "get_store_entry",
    "list_events",
    "list_jobs",
    "list_runs",
    "list_schedules",
    "list_store",
    "list_workers",
    "wait_views",
]

#: Environment and run: another environment's run is nobody's.
RunKey = tuple[str, str]

#: Sorts after every id.
_LAST_ID = "~"
LAST_RUNS = 30
#: Of so many newest runs of a job it is told what they came to; of all jobs of a list together of so many.
MOST_COUNTED = 1_000
COUNTED_IN_ALL = 20_000
#: Workers that are gone stay in the list for this long.
GONE_FOR = 3_600_000_000


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────
def get_run_row(tx: Transaction, environment_id: str, run_id: str) -> Run | None:
    row = tx.row("find_run", environment_id=environment_id, id=run_id)
    return RUN.value(row) if row else None


def get_runs(tx: Transaction, asked: Sequence[RunKey], now: Instant) -> dict[RunKey, RunView]:
    """Those of the runs that there are, each with the reason why it does not run (I5)."""
    wanted = set(asked)
    found: dict[str, list[Run]] = {}
    for run in RUN.values(tx.rows("runs_by_ids", ids=sorted({run_id for _, run_id in asked}))):
        if (run.environment_id, run.id) in wanted:
            found.setdefault(run.environment_id, []).append(run)
    return {
        (environment_id, view.run.id): view
        for environment_id, runs in found.items()
        for view in _run_views(tx, environment_id, runs, now)
    }


def get_batch(tx: Transaction, environment_id: str, batch_id: str) -> list[Run]:
    """The runs that one request started, in its order; none for a batch that is not there."""
    return RUN.values(tx.rows("runs_of_batch", environment_id=environment_id, batch_id=batch_id))


def list_runs(tx: Transaction, environment_id: str, query: RunQuery, now: Instant) -> RunPage[RunView]:
    """A page, newest first; it may hold fewer than `limit` though there is a next one (see `lists.py`)."""
    found = find_runs(tx, environment_id, query)
    views = _run_views(tx, environment_id, runs_at(tx, found.places), now)
    return RunPage(views, found.cursor, found.looked_to, found.sealed)


def _run_views(tx: Transaction, environment_id: str, runs: list[Run], now: Instant) -> list[RunView]:
    is_any_pending = any(run.status == "PENDING" for run in runs)
    served, live = _served(tx, environment_id) if is_any_pending else (set(), {})
    waits: dict[str, list[WaitView]] = {}
    waiting = [run.id for run in runs if run.status in ("WAITING", "RUNNING")]
    if waiting:
        kept = WAIT.values(tx.rows("waits_of_runs", run_ids=waiting))
        for wait, view in zip(kept, wait_views(tx, kept), strict=True):
            waits.setdefault(wait.run_id, []).append(view)
    joining = [run.id for run in runs if joins_events(run.debounce_key)]
    joined = {row[0]: row[1] for row in tx.rows("joined_so_far", run_ids=joining)} if joining else {}
    failed = [run.id for run in runs if run.status in FAILURES]
    errors = dict(tx.rows("errors_of_runs", ids=failed)) if failed else {}
    event_ids = sorted({run.event_id for run in runs if run.event_id})
    events = (
        {e.id: e.name for e in EVENT.values(tx.rows("events_by_ids", ids=event_ids))} if event_ids else {}
    )
    return [
        RunView(
            run,
            pending_reason(run, now, served, live),
            tuple(waits.get(run.id, ())),
            events.get(run.event_id or ""),
            joined.get(run.id),
            error_id=errors.get(run.id),
        )
        for run in runs
    ]


def _served(tx: Transaction, environment_id: str) -> tuple[set[str], dict[str, list[LiveVersion]]]:
    """What live workers ask for runs by, and of each job who has which version."""
    served: set[str] = set()
    live: dict[str, list[LiveVersion]] = {}
    for worker in WORKER.values(tx.rows("live_workers_of", environment_id=environment_id, name=None)):
        if worker.status == "ALIVE":
            served.update(served_names(worker.job_ids, worker.versions, worker.superseded, worker.queues))
            only = tuple(sorted(queues_of(worker.queues)))
            for job_id, version in versions_of(worker.versions).items():
                live.setdefault(job_id, []).append(LiveVersion(worker.name, version, only))
    return served, live


def wait_views(tx: Transaction, waits: list[Wait]) -> list[WaitView]:
    """What some waits wait for, in words that people know."""
    breakers = breakers_of(tx, waits)
    asked = [_target_of(wait) for wait in waits if wait.kind == "approval"]
    found = APPROVAL.values(tx.rows("approvals_by_ids", ids=asked)) if asked else []
    questions = {approval.id: approval.title for approval in found}
    return [
        _wait_view(wait, breakers.get((wait.environment_id, wait.channel)), questions.get(_target_of(wait)))
        for wait in waits
    ]


def _target_of(wait: Wait) -> str:
    """The id of the approval, the token or the run that it waits for; "" where it waits for none of these."""
    is_for_one = wait.kind in ("approval", "token", "run") and wait.channel is not None
    return (wait.channel or "").partition(":")[2] if is_for_one else ""


def _wait_view(wait: Wait, breaker: Breaker | None, question: str | None) -> WaitView:
    name = correlation_id = message = None
    due_at = wait.due_at
    if breaker is not None:
        message, due_at = in_words(breaker), breaker.probe_at
    if wait.kind == "event" and wait.channel is not None:
        name, _, rest = wait.channel.removeprefix("event:").partition("\n")
        correlation_id = rest or None
    if wait.kind == "drift" and wait.filter is not None:
        message = decode(wait.filter).get("message")
    if wait.kind == "in_doubt" and wait.filter is not None:
        message = doubt_message(wait.run_id, wait.task_key, decode(wait.filter))
    if wait.kind == "run" and wait.channel is not None:
        message = f"waits for run {wait.channel.removeprefix('run:')}"
    if wait.kind in ("token", "approval") and wait.channel is not None:
        message = f"waits for {wait.channel.replace(':', ' ', 1)}"
    if question is not None:
        message = f"waits for people: {question}"
    if wait.kind == "runs" and wait.filter is not None:
        message = f"waits for {len(decode(wait.filter))} runs"
    return WaitView(
        wait.task_key,
        wait.kind,
        name,
        correlation_id,
        due_at,
        wait.created_at,
        message,
        _target_of(wait) or None,
    )


# ── events ───────────────────────────────────────────────────────────────────────────────────────────
def get_event(tx: Transaction, environment_id: str, event_id: str) -> EventView | None:
    """By our id, or the newest event with this correlation id; with all that can be told of who did not take it."""
    row = tx.row("find_event", environment_id=environment_id, id=event_id)
    if row is None:
        return None
    (view,) = _event_views(tx, [EVENT.value(row)])
    settled = {one.job_id for one in view.runs} | {one.job_id for one in view.rejections}
    settled |= {one.job_id for one in view.skips}
    skips, hint = skips_of(tx, view.event, settled)
    return replace(view, skips=(*view.skips, *skips), hint=None if view.takers else hint)


def list_events(tx: Transaction, environment_id: str, query: EventQuery) -> Page[EventView]:
    """Newest first. A page that has looked at `MOST_LOOKED_AT` events ends there, full or not; its cursor goes on."""
    if query.run_id is not None:
        rows = tx.rows(
            "list_events_of_run",
            environment_id=environment_id,
            run_id=query.run_id,
            name=query.name,
            since=query.since,
            before=query.cursor or _LAST_ID,
            limit=query.limit + 1,
        )
        events = EVENT.values(rows)
        more = events[query.limit - 1].id if len(events) > query.limit else None
        return Page(_event_views(tx, events[: query.limit]), more)
    ids, more = _event_ids(tx, environment_id, query)
    events = EVENT.values(tx.rows("events_by_ids", ids=ids)) if ids else []
    return Page(_event_views(tx, sorted(events, key=attrgetter("id"), reverse=True)), more)


def _event_ids(tx: Transaction, environment_id: str, query: EventQuery) -> tuple[list[str], str | None]:
    """The ids of a page, and the cursor of the next. A name that few events have leads to all of them; the events of
    any other are found on the way back in time."""
    place = {"environment_id": environment_id}
    text = None if query.text is None else _pattern(query.text)
    before, limit = query.cursor or _LAST_ID, query.limit
    if query.name is not None:
        named = tx.rows("events_named", **place, name=query.name, text=text, limit=MOST_LOOKED_AT)
        if len(named) < MOST_LOOKED_AT:
            fit = sorted((row[0] for row in named if row[0] < before and _fits(query, row)), reverse=True)
            return fit[:limit], fit[limit - 1] if len(fit) > limit else None
    most = limit + 1 if query.is_plain else MOST_LOOKED_AT
    rows = tx.rows("newest_events", **place, before=before, text=text, limit=most)
    fit = [row[0] for row in rows if _fits(query, row)]
    if len(fit) > limit:
        return fit[:limit], fit[limit - 1]
    is_end = len(rows) < most or (query.since is not None and rows[-1][1] < query.since - DAY)
    return fit, None if is_end else rows[-1][0]


def _pattern(text: str) -> str:
    """What `like` finds it by, wherever it stands."""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return f"%{text}%"


def _fits(query: EventQuery, row: Sequence[Any]) -> bool:
    _, at, name, source, has_text = row
    is_named = query.name in (None, name) and query.source in (None, source)
    return is_named and bool(has_text) and at >= (query.since or 0)


def _event_views(tx: Transaction, events: list[Event]) -> list[EventView]:
    runs: dict[str, list[RunOfEvent]] = {}
    if events:
        for event_id, run_id, job_id, status in tx.rows("runs_of_events", ids=[e.id for e in events]):
            runs.setdefault(event_id, []).append(RunOfEvent(run_id, job_id, status))
    views = [EventView(e, tuple(runs.get(e.id, ())), *outcomes_from_text(e.rejections)) for e in events]
    return with_takers(tx, views)


# ── jobs and workers ─────────────────────────────────────────────────────────────────────────────────
def get_job(tx: Transaction, environment_id: str, job_id: str) -> JobView | None:
    return next(iter(list_jobs(tx, environment_id, job_id)), None)


def list_jobs(tx: Transaction, environment_id: str, only: str | None = None) -> list[JobView]:
    """Every job, or one. Its newest runs are counted: `MOST_COUNTED`, or its share of `COUNTED_IN_ALL`."""
    rows = tx.rows("list_jobs", environment_id=environment_id)
    most = max(LAST_RUNS, min(MOST_COUNTED, COUNTED_IN_ALL // max(len(rows), 1)))
    if only is not None:
        rows, most = [row for row in rows if row[0] == only], MOST_COUNTED
    if not rows:
        return []
    served, live = _served(tx, environment_id)
    job_ids = [row[0] for row in rows]
    asked = {"environment_id": environment_id, "job_ids": job_ids}
    next_slots = dict(tx.rows("next_slots_of_jobs", **asked))
    versions: dict[str, list[VersionView]] = {}
    kept = tx.rows("versions_of_jobs", environment_id=environment_id, job_ids=job_ids)
    for job_id, version, _, registered_at, seen_at in kept:
        have = tuple(one.worker for one in live.get(job_id, ()) if one.version == version)
        versions.setdefault(job_id, []).append(VersionView(version, registered_at, seen_at, have))
    views = []
    of_jobs = [{"environment_id": environment_id, "job_id": job_id} for job_id in job_ids]
    last_runs = tx.ask(*(("last_runs_of_job", {**one, "limit": LAST_RUNS}) for one in of_jobs))
    counts = tx.ask(*(("count_newest_of_job", {**one, "limit": most}) for one in of_jobs))
    for (job_id, text, enabled, updated_at), last, counted in zip(rows, last_runs, counts, strict=True):
        spec = spec_from_text(text)
        views.append(
            JobView(
                spec,
                bool(enabled) and spec.enabled,
                job_id in served or any(one.queues for one in live.get(job_id, ())),
                updated_at,
                tuple(versions.get(job_id, ())),
                dict(counted),
                tuple(LastRun(*row) for row in last),
                next_slots.get(job_id),
            )
        )
    return views


def list_workers(tx: Transaction, environment_id: str, now: Instant) -> list[WorkerView]:
    rows = tx.rows("list_workers", environment_id=environment_id, since=now - GONE_FOR)
    return [WorkerView(WORKER.value(row[:-1]), row[-1]) for row in rows]


# ── schedules ────────────────────────────────────────────────────────────────────────────────────────
def list_schedules(tx: Transaction, environment_id: str, query: ScheduleQuery) -> Page[ScheduleView]:
    """By id, each with its next slots."""
    rows = tx.rows(
        "list_schedules",
        environment_id=environment_id,
        after=query.cursor or "",
        job_id=query.job_id,
        dynamic_id=query.dynamic_id,
        external_id=query.external_id,
        limit=query.limit + 1,
    )
    views = _schedule_views(tx, SCHEDULE.values(rows[: query.limit]))
    return Page(views, views[-1].schedule.id if len(rows) > query.limit else None)


def get_schedule(tx: Transaction, environment_id: str, schedule_id: str) -> ScheduleView | None:
    row = tx.row("find_schedule", environment_id=environment_id, id=schedule_id)
    return _schedule_views(tx, [SCHEDULE.value(row)])[0] if row else None


def _schedule_views(tx: Transaction, schedules: list[Schedule]) -> list[ScheduleView]:
    if not schedules:
        return []
    ids = [schedule.id for schedule in schedules]
    rows = tx.rows("last_runs_of_schedules", environment_id=schedules[0].environment_id, ids=ids)
    last = {schedule_id: (run_id, status) for schedule_id, run_id, status in rows}
    return [_schedule_view(schedule, last.get(schedule.id)) for schedule in schedules]


def _schedule_view(schedule: Schedule, last_run: tuple[str, RunStatus] | None) -> ScheduleView:
    timetable, next_at = schedule.timetable, schedule.next_at
    slots = () if next_at is None else upcoming(timetable, next_at - 1)
    return ScheduleView(schedule, timetable.in_words(), slots, last_run)


# ── store ────────────────────────────────────────────────────────────────────────────────────────────
def get_store_entry(
    tx: Transaction, environment_id: str, scope: StoreScope, owner: str, key: str
) -> StoreEntry | None:
    rows = tx.rows("find_store_entries", environment_id=environment_id, scope=scope, owner=owner, keys=[key])
    return STORE_ENTRY.value(rows[0]) if rows else None


def list_store(
    tx: Transaction,
    environment_id: str,
    place: tuple[StoreScope, str],
    prefix: str = "",
    limit: int = 100,
    after: str | None = None,
) -> Page[StoreEntry]:
    """Keys of one place (scope, owner) in order."""
    rows = tx.rows(
        "list_store",
        environment_id=environment_id,
        scope=place[0],
        owner=place[1],
        prefix=prefix,
        after=after or "",
        limit=limit + 1,
    )
    entries = STORE_ENTRY.values(rows[:limit])
    return Page(entries, entries[-1].key if len(rows) > limit else None)
