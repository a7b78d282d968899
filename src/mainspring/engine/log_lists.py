"""Log lines across runs, newest first: by level, job, text and time, at a cost that does not grow with the lines.

As with lists of runs: an index names candidates, newest first, and what they say is held against all filters. A page
that has looked at as many as may be ends there, full or not; its cursor goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from mainspring.clock import Instant
from mainspring.engine.views import Page
from mainspring.model.logs import LOG_LEVELS, LogLevel, LogLine
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import LOG

#: A page that finds little looks at more and more lines at a time, and at so many in all.
_PORTIONS = (200, 800, 2_000, 4_000)
#: No further portion after so many characters.
_MOST_READ = 4_000_000
#: When, of which run, under which lease, which number.
Place = tuple[Instant, str, int, int]
_END: Place = (1 << 62, "~", 0, 0)
_LOUD: tuple[LogLevel, ...] = ("WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class LinesQuery:
    #: Of this level and above.
    level: LogLevel | None = None
    job_id: str | None = None
    run_id: str | None = None
    #: Whose message contains this, whatever the case.
    text: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    line: LogLine
    job_id: str


@dataclass(frozen=True, slots=True)
class LinePage(Page[LineView]):
    """`looked_to`: how far back it was looked, where there may be more."""

    looked_to: Instant | None = None


#: A line with its run's job and environment.
_Row = tuple[LogLine, str | None, str | None]
_Source = Callable[[Place, int], list[_Row]]


def newest_lines(tx: Transaction, environment_id: str, query: LinesQuery) -> LinePage:
    """A page of lines; it may hold fewer than `limit` though there is a next one."""
    source = _source(tx, query)
    before = min(_place_of(query.cursor), _END if query.until is None else (query.until, "", 0, 0))
    found: list[LineView] = []
    read = 0
    for portion in _PORTIONS:
        rows = source(before, portion)
        found += [
            LineView(line, job)
            for line, job, env in rows
            if env == environment_id and job and _fits(line, job, query)
        ]
        if len(found) > query.limit:
            return _page(found[: query.limit], _place(found[query.limit - 1].line))
        if len(rows) < portion:
            return _page(found, None)
        before = _place(rows[-1][0])
        read += sum(len(line.message) for line, _, _ in rows)
        if read > _MOST_READ:
            break
    return _page(found, before)


def _page(found: list[LineView], last: Place | None) -> LinePage:
    if last is None:
        return LinePage(found)
    return LinePage(found, ".".join(map(str, last)), last[0])


def _place(line: LogLine) -> Place:
    return line.at, line.run_id, line.lease, line.number


def _place_of(cursor: str | None) -> Place:
    if cursor is None:
        return _END
    at, run_id, lease, number = cursor.split(".")
    return int(at), run_id, int(lease), int(number)


def _fits(line: LogLine, job_id: str, query: LinesQuery) -> bool:
    return (
        (query.level is None or LOG_LEVELS.index(line.level) >= LOG_LEVELS.index(query.level))
        and query.job_id in (None, job_id)
        and (query.text is None or query.text.casefold() in line.message.casefold())
    )


def _source(tx: Transaction, query: LinesQuery) -> _Source:
    """The index that names every line which the question is about, and the fewest others."""

    def source(statement: str, **values: str) -> _Source:
        def candidates(before: Place, limit: int) -> list[_Row]:
            at, run_id, lease, number = before
            place: dict[str, Any] = {"at": at, "run_id": run_id, "lease": lease, "number": number}
            since = 0 if query.since is None else query.since
            rows = tx.rows(statement, since=since, limit=limit, **place, **values)
            return [(LOG.value(row[:-2]), row[-2], row[-1]) for row in rows]

        return candidates

    if query.run_id is not None:
        return source("newest_lines_of_run", of=query.run_id)
    if query.level in _LOUD:
        loud = _LOUD[_LOUD.index(query.level) :]
        return _merged([source("newest_loud_lines", level=level) for level in loud])
    return source("newest_lines")


def _merged(sources: list[_Source]) -> _Source:
    def candidates(before: Place, limit: int) -> list[_Row]:
        every: Iterable[_Row] = (row for source in sources for row in source(before, limit))
        return nlargest(limit, every, key=lambda row: _place(row[0]))

    return candidates
