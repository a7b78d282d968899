"""Lists of runs, newest first: any filter, any depth, at a cost that does not grow with the runs there are.

What a page may hold is found in two steps. An index names candidates, newest first: those of a tag, of a status, of a
job, or simply the newest; of several that fit the question the rarest is taken, the one whose candidates reach
furthest back. The rows of the candidates are then held against all filters. A page that has looked at as many as may
be (`MOST_LOOKED_AT`) ends there, full or not: its cursor goes on, so nothing is skipped and nobody waits for long.
"""

from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest

from mainspring.clock import Instant
from mainspring.engine.views import RunQuery
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import RUN

#: Where a run stands in the list: when it was made, and its id.
Place = tuple[Instant, str]
#: The newest candidates before a place, so many at most.
Source = Callable[[Place, int], list[Place]]

#: A page that finds little looks at more and more candidates at a time, and at so many in all.
_PORTIONS = (200, 800, 1_500)
MOST_LOOKED_AT = sum(_PORTIONS)
#: After every run.
_END: Place = (1 << 62, "~")


def newest_runs(tx: Transaction, environment_id: str, query: RunQuery) -> tuple[list[Run], str | None]:
    """The runs of a page, and the cursor of the next one; None when there is none."""
    before = min(place_of(query.cursor), (query.until, "") if query.until is not None else _END)
    sources = _sources(tx, environment_id, query)
    if query.is_plain:
        places = sources[0](before, query.limit + 1)
        return _whole(_rows(tx, environment_id, query, places), query.limit, None)
    found: list[Run] = []
    for portion in _PORTIONS:
        candidates = _rarest(sources, before, portion)
        found += _rows(tx, environment_id, query, candidates)
        if len(candidates) < portion:
            return _whole(found, query.limit, None)
        before = candidates[-1]
        if len(found) > query.limit:
            break
    return _whole(found, query.limit, before)


def cursor_of(place: Place) -> str:
    return f"{place[0]}.{place[1]}"


def place_of(cursor: str | None) -> Place:
    """Where a page begins."""
    if cursor is None:
        return _END
    at, _, run_id = cursor.partition(".")
    return int(at), run_id


def _whole(found: list[Run], limit: int, looked_to: Place | None) -> tuple[list[Run], str | None]:
    """A page of what was found; `looked_to`: there may be more from there on."""
    if len(found) > limit:
        last = found[limit - 1]
        return found[:limit], cursor_of((last.created_at, last.id))
    return found, cursor_of(looked_to) if looked_to else None


def _rows(tx: Transaction, environment_id: str, query: RunQuery, places: Sequence[Place]) -> list[Run]:
    """Those of the candidates that every filter lets through, in the order of the list."""
    if not places:
        return []
    rows = tx.rows(
        "filter_runs",
        ids=[run_id for _, run_id in places],
        environment_id=environment_id,
        is_any_status=not query.statuses,
        statuses=list(query.statuses),
        job_id=query.job_id,
        version=query.version,
        event_id=query.event_id,
        error_id=query.error_id,
        schedule_id=query.schedule_id,
        tag=query.tag,
    )
    return RUN.values(rows)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────
def _rarest(sources: list[Source], before: Place, portion: int) -> list[Place]:
    """The candidates of the source whose `portion` reaches furthest back, or of one that has fewer."""
    best: list[Place] = []
    for source in sources:
        found = source(before, portion)
        if len(found) < portion:
            return found
        if not best or found[-1] < best[-1]:
            best = found
    return best


def _sources(tx: Transaction, environment_id: str, query: RunQuery) -> list[Source]:
    """The indexes that fit a question; each alone names every run that it is about."""

    def source(statement: str, **values: str) -> Source:
        def candidates(before: Place, limit: int) -> list[Place]:
            rows = tx.rows(
                statement,
                environment_id=environment_id,
                at=before[0],
                before=before[1],
                since=query.since if query.since is not None else 0,
                limit=limit,
                **values,
            )
            return [(at, run_id) for at, run_id in rows]

        return candidates

    found: list[Source] = []
    if query.error_id is not None:
        found.append(source("newest_of_error", error_id=query.error_id))
    if query.event_id is not None:
        found.append(source("newest_of_event", event_id=query.event_id))
    if query.schedule_id is not None:
        found.append(source("newest_of_schedule", schedule_id=query.schedule_id))
    if query.tag is not None:
        found.append(source("newest_of_tag", tag=query.tag))
    if query.statuses and "SUCCESS" not in query.statuses:
        found.append(
            _merged(
                [
                    source("newest_of_leased")
                    if status == "RUNNING"
                    else source("newest_of_status", status=status)
                    for status in query.statuses
                ]
            )
        )
    if query.job_id is not None:
        found.append(source("newest_of_job", job_id=query.job_id))
    return found or [source("newest_of_all")]


def _merged(sources: Sequence[Source]) -> Source:
    def candidates(before: Place, limit: int) -> list[Place]:
        every: Iterable[Place] = (place for source in sources for place in source(before, limit))
        return nlargest(limit, every)

    return candidates if len(sources) > 1 else sources[0]
