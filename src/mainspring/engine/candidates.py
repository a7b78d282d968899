"""Who may be in a list of runs: places of runs by the indexes that there are, newest first."""

from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest

from mainspring.clock import Instant
from mainspring.engine.views import RunQuery
from mainspring.storage.database import Transaction

#: Where a run stands in the list: when it was made, and its id.
Place = tuple[Instant, str]
#: The newest candidates before a place, so many at most.
Source = Callable[[Place, int], list[Place]]

#: After every run.
END: Place = (1 << 62, "~")
#: Characters of an id, and how many of them say when it was made to some hundredths of a second: then few runs share
#: them, and those are found by their ids.
_ID = len("run_") + 26
_TELLING = len("run_") + 8


def rarest(sources: Sequence[Source], before: Place, portion: int) -> list[Place]:
    """The candidates of the source whose `portion` reaches furthest back, or of one that has fewer."""
    best: list[Place] = []
    for source in sources:
        found = source(before, portion)
        if len(found) < portion:
            return found
        if not best or found[-1] < best[-1]:
            best = found
    return best


def sources_of(tx: Transaction, environment_id: str, query: RunQuery) -> list[Source]:
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
    prefix = query.id_prefix
    if prefix is not None and len(prefix) >= _TELLING:
        rest = _ID - len(prefix)
        found.append(source("newest_of_prefix", first=prefix + "0" * rest, last=prefix + "Z" * rest))
    if query.event_id is not None:
        found.append(source("newest_of_event", event_id=query.event_id))
    if query.parent_run_id is not None:
        found.append(source("newest_of_parent", parent_run_id=query.parent_run_id))
    if query.schedule_id is not None:
        found.append(source("newest_of_schedule", schedule_id=query.schedule_id))
    if query.error_id is not None:
        found.append(source("newest_of_error", error_id=query.error_id))
    found.extend(source("newest_of_tag", tag=tag) for tag in query.tags)
    if query.statuses and "SUCCESS" not in query.statuses:
        found.append(_merged([_of_status(source, status) for status in query.statuses]))
    if query.job_id is not None:
        found.append(source("newest_of_job", job_id=query.job_id))
    return found or [source("newest_of_all")]


def _of_status(source: Callable[..., Source], status: str) -> Source:
    return source("newest_of_leased") if status == "RUNNING" else source("newest_of_status", status=status)


def _merged(sources: Sequence[Source]) -> Source:
    def candidates(before: Place, limit: int) -> list[Place]:
        every: Iterable[Place] = (place for source in sources for place in source(before, limit))
        return nlargest(limit, every)

    return candidates if len(sources) > 1 else sources[0]
