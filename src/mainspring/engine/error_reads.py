"""What is asked of groups of failures: which there are, when they came, and what befell them. Decides nothing."""

from dataclasses import dataclass
from typing import Literal

from mainspring.clock import Instant
from mainspring.engine.lists import cursor_of, place_of
from mainspring.engine.views import Page
from mainspring.model.error_groups import HOUR, ErrorChange, ErrorGroup, ErrorStatus
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import ERROR, ERROR_CHANGE, RUN

#: How far back failures are counted, in how many spans.
Reach = Literal["24h", "7d", "30d"]
_REACHES: dict[Reach, tuple[int, int]] = {"24h": (HOUR, 24), "7d": (6 * HOUR, 28), "30d": (24 * HOUR, 30)}
#: A page that finds little ends after it has looked at so many groups; its cursor goes on.
MOST_LOOKED_AT = 2_000
#: Of one group so many versions and changes are told, the latest.
MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class ErrorQuery:
    status: ErrorStatus | None = None
    job_id: str | None = None
    #: In its message, its class or its task, whatever the case.
    text: str | None = None
    #: Seen at this instant or later.
    since: Instant | None = None
    reach: Reach = "24h"
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many failures there were in each of some spans that follow one another."""

    since: Instant
    every: int
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ErrorView:
    group: ErrorGroup
    counts: Counts


@dataclass(frozen=True, slots=True)
class ErrorVersion:
    version: str
    runs: int
    first_seen_at: Instant
    last_seen_at: Instant


@dataclass(frozen=True, slots=True)
class WholeErrorView:
    view: ErrorView
    #: The run that was seen last; with what it failed.
    last_run: Run | None
    #: The latest first.
    versions: tuple[ErrorVersion, ...]
    changes: tuple[ErrorChange, ...]


def list_errors(tx: Transaction, environment_id: str, query: ErrorQuery, now: Instant) -> Page[ErrorView]:
    """A page, seen last first; it may hold fewer than `limit` though there is a next one."""
    is_plain = query.text is None and (query.status is None or query.job_id is None)
    most = query.limit + 1 if is_plain else MOST_LOOKED_AT
    looked_at = _newest(tx, environment_id, query, most)
    found = [group for group in looked_at if _fits(group, query)]
    page, more = found[: query.limit], None
    if len(found) > query.limit:
        more = _cursor(page[-1])
    elif len(looked_at) == most:
        more = _cursor(looked_at[-1])
    return Page(_views(tx, page, query.reach, now), more)


def get_error(
    tx: Transaction, environment_id: str, error_id: str, reach: Reach, now: Instant
) -> WholeErrorView | None:
    """One group with all that is known of it."""
    row = tx.row("find_error", id=error_id, environment_id=environment_id)
    if row is None:
        return None
    group = ERROR.value(row)
    versions, changes, runs = tx.ask(
        ("versions_of_error", {"error_id": group.id, "limit": MOST_TOLD}),
        ("changes_of_error", {"error_id": group.id, "limit": MOST_TOLD}),
        ("runs_by_ids", {"ids": [group.last_run_id]}),
    )
    return WholeErrorView(
        _views(tx, [group], reach, now)[0],
        next(iter(RUN.values(runs)), None),
        tuple(ErrorVersion(*one) for one in versions),
        tuple(ERROR_CHANGE.values(changes)),
    )


def _newest(tx: Transaction, environment_id: str, query: ErrorQuery, limit: int) -> list[ErrorGroup]:
    at, before = place_of(query.cursor)
    place = {"environment_id": environment_id, "at": at, "before": before, "since": query.since or 0}
    if query.job_id is not None:
        rows = tx.rows("newest_errors_of_job", job_id=query.job_id, limit=limit, **place)
    elif query.status is not None:
        rows = tx.rows("newest_errors_of_status", status=query.status, limit=limit, **place)
    else:
        rows = tx.rows("newest_errors", limit=limit, **place)
    return ERROR.values(rows)


def _fits(group: ErrorGroup, query: ErrorQuery) -> bool:
    if query.status not in (None, group.status):
        return False
    text = (query.text or "").casefold()
    return any(text in said.casefold() for said in (group.message, group.type, group.task or ""))


def _cursor(group: ErrorGroup) -> str:
    return cursor_of((group.last_seen_at, group.id))


def _views(tx: Transaction, groups: list[ErrorGroup], reach: Reach, now: Instant) -> list[ErrorView]:
    """With how often each failed; the last span is the one that is still going on."""
    every, number = _REACHES[reach]
    since = now // every * every - (number - 1) * every
    counted: dict[str, list[int]] = {group.id: [0] * number for group in groups}
    if groups:
        rows = tx.rows("hours_of_errors", ids=sorted(counted), since=since, every=every)
        for error_id, at, runs in rows:
            if at < number:  # not what a server said whose clock is ahead
                counted[error_id][at] = int(runs)
    return [ErrorView(group, Counts(since, every, tuple(counted[group.id]))) for group in groups]
