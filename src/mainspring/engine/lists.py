"""Lists of runs, newest first: any filter, any depth, at a cost that does not grow with the runs there are.

What a page may hold is found in two steps. An index names candidates, newest first: those of a tag, of a status, of a
job, or simply the newest; of several that fit the question the rarest is taken, the one whose candidates reach
furthest back. The candidates are then held against all filters. A page that has looked at as many as may be
(`MOST_LOOKED_AT`) ends there, full or not: its cursor goes on, so nothing is skipped and nobody waits for long.

Payloads have no index: the database finds those texts that may fit, and what is in them is read here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mainspring.clock import Instant
from mainspring.codec import decode
from mainspring.engine.candidates import END, Place, rarest, sources_of
from mainspring.engine.views import RunQuery
from mainspring.model.payload_paths import PayloadTerm, is_hidden
from mainspring.model.runs import Run
from mainspring.model.sealed import SEALED_TEXT
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import RUN

#: A page that finds little looks at more and more candidates at a time, and at so many in all.
_PORTIONS = (200, 800, 1_500)
MOST_LOOKED_AT = sum(_PORTIONS)
#: The same where payloads are asked about: few at first, for they may be long.
_PAYLOAD_PORTIONS = (50, 200, 750, 2_000, 3_000)
#: No further portion after so many characters of payloads: searched, and read.
_MOST_SEARCHED = 32_000_000
_MOST_READ = 4_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a question came to. `cursor`: where to go on, None at the end; `looked_to`: the time of that place."""

    places: list[Place]
    cursor: str | None
    looked_to: Instant | None
    sealed: int


@dataclass(slots=True)
class _Portion:
    """Candidates that were looked at: those that fit, and where the next begin; None: there are no more."""

    places: list[Place]
    before: Place | None
    sealed: int = 0
    searched: int = 0
    read: int = 0


def newest_runs(tx: Transaction, environment_id: str, query: RunQuery) -> tuple[list[Run], str | None]:
    """The runs of a page, and the cursor of the next one; None when there is none."""
    found = find_runs(tx, environment_id, query)
    return runs_at(tx, found.places), found.cursor


def runs_at(tx: Transaction, places: Sequence[Place]) -> list[Run]:
    """The runs at these places, in their order."""
    if not places:
        return []
    runs = {run.id: run for run in RUN.values(tx.rows("runs_by_ids", ids=[id for _, id in places]))}
    return [runs[id] for _, id in places if id in runs]


def find_runs(tx: Transaction, environment_id: str, query: RunQuery) -> Found:
    """Where the runs of a page stand."""
    if query.is_plain:
        (source,) = sources_of(tx, environment_id, query)
        return _page(source(_start(query), query.limit + 1), query.limit, None, 0)
    found: list[Place] = []
    sealed, before = 0, None
    for portion in _portions(tx, environment_id, query, _PAYLOAD_PORTIONS if query.payload else _PORTIONS):
        found += portion.places
        sealed += portion.sealed
        before = portion.before
        if len(found) > query.limit:
            break
    return _page(found, query.limit, before, sealed)


def count_matches(
    tx: Transaction, environment_id: str, query: RunQuery, most: int, portions: Sequence[int]
) -> tuple[int, bool]:
    """How many runs fit, up to `most`, and whether that is all; no more are looked at than the portions say."""
    if query.is_plain:
        (source,) = sources_of(tx, environment_id, query)
        found = len(source(_start(query), most + 1))
        return min(found, most), found <= most
    found, before = 0, None
    for portion in _portions(tx, environment_id, query, portions):
        found += len(portion.places)
        before = portion.before
        if found > most:
            return most, False
    return found, before is None


def cursor_of(place: Place) -> str:
    return f"{place[0]}.{place[1]}"


def place_of(cursor: str | None) -> Place:
    """Where a page begins."""
    if cursor is None:
        return END
    at, _, run_id = cursor.partition(".")
    return int(at), run_id


def _start(query: RunQuery) -> Place:
    return min(place_of(query.cursor), (query.until, "") if query.until is not None else END)


def _page(found: list[Place], limit: int, before: Place | None, sealed: int) -> Found:
    """`before`: there may be more from there on."""
    last = found[limit - 1] if len(found) > limit else before
    if last is None:
        return Found(found, None, None, sealed)
    return Found(found[:limit], cursor_of(last), last[0], sealed)


def _portions(
    tx: Transaction, environment_id: str, query: RunQuery, sizes: Sequence[int]
) -> Iterator[_Portion]:
    """Portions of candidates, the newest first, as long as there are any and they are not too much to read."""
    sources = sources_of(tx, environment_id, query)
    before = _start(query)
    searched = read = 0
    for size in sizes:
        candidates = rarest(sources, before, size)
        portion = _fitting(tx, environment_id, query, candidates)
        portion.before = candidates[-1] if len(candidates) == size else None
        yield portion
        searched, read = searched + portion.searched, read + portion.read
        if portion.before is None or searched > _MOST_SEARCHED or read > _MOST_READ:
            return
        before = portion.before


def _fitting(tx: Transaction, environment_id: str, query: RunQuery, places: Sequence[Place]) -> _Portion:
    """Those of the candidates that every filter lets through, in the order of the list."""
    if not places:
        return _Portion([], None)
    rows = tx.rows(
        "filter_runs",
        ids=[run_id for _, run_id in places],
        environment_id=environment_id,
        is_any_status=not query.statuses,
        statuses=list(query.statuses),
        job_id=query.job_id,
        version=query.version,
        event_id=query.event_id,
        event_name=query.event_name,
        schedule_id=query.schedule_id,
        error_id=query.error_id,
        queue=query.queue,
        parent_run_id=query.parent_run_id,
        is_any_tag=not query.tags,
        tags=list(query.tags),
        is_test=query.is_test,
        is_root=query.is_root,
        id_prefix=query.id_prefix,
        is_any_payload=not query.payload,
        needles=sorted({needle for term in query.payload for needle in term.needles}),
        sealed=SEALED_TEXT,
    )
    if not query.payload:
        return _Portion([(at, id) for at, id, _, _ in rows], None)
    found = _Portion([], None)
    for at, id, size, payload in rows:
        found.searched += size
        if payload is None:
            continue
        found.read += size
        if _has(payload, query.payload):
            found.places.append((at, id))
        elif is_hidden(payload):
            found.sealed += 1
    return found


def _has(payload: str, terms: Sequence[PayloadTerm]) -> bool:
    value = decode(payload)
    return all(term.fits(value) for term in terms)
