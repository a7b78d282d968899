"""What is new in histories since a sequence: the question that live streams ask again and again.

A sequence is drawn before its transaction commits, so with several writers a smaller one may appear after a
larger one. What is shown ends at the edge: everything up to there has been committed or never will be.
"""

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import ClassVar

from mainspring.clock import SECOND, Clock
from mainspring.engine.account import run_logs
from mainspring.engine.inspect import get_run_row
from mainspring.engine.shown import chunk_head
from mainspring.engine.spans import run_trace, spans_in_news
from mainspring.engine.views import LogQuery, Span
from mainspring.model.history import Entry
from mainspring.model.logs import LogLine
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import ENTRY

#: A transaction of ours that is older than this was ended by the database (idle_in_transaction_session_timeout):
#: what still holds the edge back then is somebody else's, and is not waited for.
_LONGEST_TRANSACTION = 60 * SECOND
#: A stretch of sequences up to this long is counted, to see that none is missing.
_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class _Look:
    """The newest sequence at some moment, and the first transaction that had not begun then."""

    newest: int
    next_transaction: int
    at: int


class Edge:
    """Up to which sequence everything is settled, as this process knows it. From any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: Everything up to its newest sequence is settled for whoever sees the transactions before its next one.
        self._settled = _Look(0, 0, 0)
        self._looks: deque[_Look] = deque()

    def look(self, tx: Transaction) -> tuple[int, int]:
        """(settled, newest): the sequence up to which `tx` sees all there will ever be, and the newest it sees."""
        newest, oldest, following = tx.row("history_edge") or (0, 0, 0)
        if oldest == following:  # nothing was under way: so it always is with one writer
            return newest, newest
        known = self._known(_Look(newest, following, self._clock.monotonic()), oldest)
        settled = min(newest, known)
        if 0 < newest - settled <= _COUNTED:
            row = tx.row("count_history", after=settled, until=newest)
            if row is not None and row[0] == newest - settled:
                settled = newest  # none is missing
        return settled, newest

    def _known(self, look: _Look, oldest: int) -> int:
        """What is settled for a snapshot in which all transactions before `oldest` are over."""
        with self._lock:
            self._looks.append(look)
            while self._looks:
                first = self._looks[0]
                if look.at - first.at > _LONGEST_TRANSACTION:
                    self._settle(replace(first, next_transaction=0))
                elif first.next_transaction <= oldest:
                    self._settle(first)
                else:
                    break
                self._looks.popleft()
            # Another snapshot, newer than this one, may have settled more.
            return self._settled.newest if self._settled.next_transaction <= oldest else 0

    def _settle(self, look: _Look) -> None:
        if look.newest >= self._settled.newest:
            self._settled = look


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader has come."""

    sequence: int = 0
    #: The log line told last, as "lease.number"; None: log lines are not wanted.
    log: str | None = None
    #: Whether the spans that entries are about are wanted.
    with_spans: bool = False

    #: Before the first log line.
    BEFORE_LOGS: ClassVar[str] = "0.0"


@dataclass(frozen=True, slots=True)
class News:
    """What came after a sequence, oldest first."""

    entries: list[Entry]
    #: Where to go on: sequences up to here need not be looked at again.
    until: int
    #: This is all there is now. False: ask again soon.
    is_all: bool
    #: The run as it was before its entries were read; None for those of an environment.
    run: Run | None = None
    #: The log lines of the run, where they are wanted, in the order they were written.
    logs: tuple[LogLine, ...] = ()
    #: The spans of the run's timeline that the entries are about, where they are wanted.
    spans: tuple[Span, ...] = ()


def run_news(
    tx: Transaction, environment_id: str, run_id: str, edge: Edge, place: Place, limit: int
) -> News | None:
    """News of one run; None when there is no such run."""
    run = get_run_row(tx, environment_id, run_id)
    if run is None:
        return None
    settled, newest = edge.look(tx)
    rows = tx.rows(
        "news_of_run",
        environment_id=environment_id,
        run_id=run_id,
        after=place.sequence,
        until=settled,
        limit=limit,
    )
    news = _news(ENTRY.values(rows), (place.sequence, settled, newest), limit, run)
    if place.with_spans:
        news = replace(news, spans=tuple(spans_in_news(tx, run, news.entries)))
    page = None
    if place.log is not None:
        page = run_logs(tx, environment_id, run_id, LogQuery(limit=limit, cursor=place.log))
    if page is None:
        return news
    return replace(news, logs=tuple(page.data), is_all=news.is_all and len(page.data) < limit)


def trace_now(tx: Transaction, environment_id: str, run_id: str, edge: Edge) -> tuple[list[Span], int] | None:
    """The spans of a run, and the sequence whose news they hold; None when there is no such run."""
    settled, _ = edge.look(tx)
    spans = run_trace(tx, environment_id, run_id)
    return None if spans is None else (spans, settled)


def environment_news(tx: Transaction, environment_id: str, edge: Edge, after: int | None, limit: int) -> News:
    """News of all runs of an environment; `after` None: only where the next ones begin."""
    settled, newest = edge.look(tx)
    if after is None:
        return News([], settled, True)
    rows = tx.rows(
        "news_of_environment", environment_id=environment_id, after=after, until=settled, limit=limit
    )
    return _news(ENTRY.values(rows), (after, settled, newest), limit, None)


def _news(entries: list[Entry], place: tuple[int, int, int], limit: int, run: Run | None) -> News:
    after, settled, newest = place
    if len(entries) >= limit:
        return News(entries, entries[-1].sequence, False, run)
    return News(entries, max(after, settled), settled >= newest, run)


def run_chunks(
    tx: Transaction, environment_id: str, run_id: str, stream: str | None, after: int, limit: int
) -> list[Entry] | None:
    """The chunks that a run streamed, all or those of one stream, in order; None when there is no such run."""
    if get_run_row(tx, environment_id, run_id) is None:
        return None
    rows = tx.rows(
        "chunks_of_run",
        environment_id=environment_id,
        run_id=run_id,
        after=after,
        head=None if stream is None else chunk_head(stream),
        limit=limit,
    )
    return ENTRY.values(rows)
