"""Bulk actions: each goes on by a chunk per batch, in the transaction that keeps how far it has come.

So a crash repeats nothing and leaves nothing out, every run is dealt with once, and between two chunks everybody
else gets a turn. A run that cannot be replayed is counted with its reason; the others go on.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from mainspring.clock import Instant
from mainspring.codec import decode, encode
from mainspring.engine.batch import Batch
from mainspring.engine.cancels import cancel_found, jobs_with_hook
from mainspring.engine.commands import AbortBulk, CancelRun, ReplayRun, StartBulk
from mainspring.engine.lists import count_matches, cursor_of, find_runs, place_of, runs_at
from mainspring.engine.replays import replay_run
from mainspring.engine.runs import no_such_run
from mainspring.engine.views import Page, RunQuery
from mainspring.errors import MainspringError, NotFound
from mainspring.model.bulks import Bulk, BulkStatus
from mainspring.model.payload_paths import PayloadTerm
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import BULK, RUN

#: Runs in a chunk.
CHUNK = {"cancel": 100, "replay": 50}
#: Microseconds between two chunks, for everybody else.
PAUSE = 10_000
#: So many failures are kept with their reasons.
MOST_FAILURES = 100
#: It is counted up to here; one more than that is looked at.
MOST_COUNTED = 10_000
_COUNTED = (1_000, 4_000, 5_001)


def start_bulk(batch: Batch, command: StartBulk) -> Bulk:
    bulk = command.bulk
    batch.tx.run_many("insert_bulk", [bulk])
    batch.wake.at(batch.now)
    kept = _find(batch, bulk.environment_id, bulk.id)
    return bulk if kept is None else kept


def abort_bulk(batch: Batch, command: AbortBulk) -> Bulk | MainspringError:
    place = {"environment_id": command.environment_id, "id": command.bulk_id}
    batch.tx.run("abort_bulk", now=batch.now, **place)
    return _find(batch, **place) or no_such_bulk(command.bulk_id)


def no_such_bulk(bulk_id: str) -> NotFound:
    return NotFound(f"there is no bulk action '{bulk_id}' in this environment")


def _find(batch: Batch, environment_id: str, id: str) -> Bulk | None:
    row = batch.tx.row("find_bulk", environment_id=environment_id, id=id)
    return BULK.value(row) if row else None


def get_bulk(tx: Transaction, environment_id: str, bulk_id: str) -> Bulk | None:
    """For who asks how far it has come."""
    row = tx.row("find_bulk", environment_id=environment_id, id=bulk_id)
    return BULK.value(row) if row else None


def list_bulks(
    tx: Transaction, environment_id: str, status: BulkStatus | None, limit: int, cursor: str | None
) -> Page[Bulk]:
    """Newest first."""
    at, before = place_of(cursor)
    rows = tx.rows(
        "list_bulks", environment_id=environment_id, status=status, at=at, before=before, limit=limit + 1
    )
    bulks = BULK.values(rows[:limit])
    more = cursor_of((bulks[-1].created_at, bulks[-1].id)) if len(rows) > limit else None
    return Page(bulks, more)


def count_runs(tx: Transaction, environment_id: str, query: RunQuery) -> tuple[int, bool]:
    """How many runs fit, up to `MOST_COUNTED`, and whether that is all of them."""
    return count_matches(tx, environment_id, query, MOST_COUNTED, _COUNTED)


# ── a chunk ──────────────────────────────────────────────────────────────────────────────────────────
def advance_bulks(batch: Batch) -> int:
    """Does the next chunk of the bulk action that has waited longest. Returns how many runs it dealt with."""
    row = batch.tx.row("next_bulk", now=batch.now)
    if row is None:
        return 0
    bulk = BULK.value(row)
    run_ids, place = _next(batch, bulk)
    failures = decode(bulk.failures)
    failed = 0
    act = _cancel if bulk.action == "cancel" else _replay
    for run_id, refusal in act(batch, bulk, run_ids):
        failed += 1
        if len(failures) < MOST_FAILURES:
            failures.append({"run_id": run_id, "code": refusal.code, "message": refusal.message})
    status: BulkStatus = "RUNNING" if place is not None else "COMPLETED"
    batch.tx.run(
        "move_bulk",
        id=bulk.id,
        status=status,
        place=place,
        done=bulk.done + len(run_ids) - failed,
        failed=bulk.failed + failed,
        failures=encode(failures, what="failures"),
        next_at=batch.now + PAUSE,
        finished_at=batch.now if place is None else None,
    )
    return len(run_ids)


def _next(batch: Batch, bulk: Bulk) -> tuple[list[str], str | None]:
    """The runs of the next chunk, and where the one after that begins; None: there is none."""
    criteria, size = decode(bulk.criteria), CHUNK[bulk.action]
    if "ids" in criteria:
        start = int(bulk.place or 0)
        end = start + size
        return criteria["ids"][start:end], str(end) if end < len(criteria["ids"]) else None
    query = query_of(criteria, bulk.created_at, limit=size, cursor=bulk.place)
    found = find_runs(batch.tx, bulk.environment_id, query)
    runs = runs_at(batch.tx, found.places)
    return [run.id for run in runs if not _is_own(bulk, run)], found.cursor


def criteria_of(query: RunQuery) -> dict[str, Any]:
    """What is kept of a question: JSON that `query_of` reads."""
    asked = {
        one.name: getattr(query, one.name) for one in fields(query) if one.name not in ("limit", "cursor")
    }
    asked["payload"] = [[term.path, term.text] for term in query.payload]
    return {name: value for name, value in asked.items() if value not in (None, (), [])}


def query_of(
    criteria: dict[str, Any], asked_at: Instant, *, limit: int = 1, cursor: str | None = None
) -> RunQuery:
    """The list of runs that criteria mean: of those that were there when it was asked for."""
    asked = dict(criteria)
    tag = asked.pop("tag", None)  # as it was kept when there could be one alone
    until = asked.pop("until", None)
    return RunQuery(
        statuses=tuple(asked.pop("statuses", ())),
        tags=tuple(asked.pop("tags", ())) if tag is None else (tag,),
        payload=tuple(PayloadTerm(path, text) for path, text in asked.pop("payload", ())),
        until=asked_at + 1 if until is None else min(until, asked_at + 1),
        limit=limit,
        cursor=cursor,
        **asked,
    )


def _is_own(bulk: Bulk, run: Run) -> bool:
    """Whether this bulk action started it: by a server whose clock is behind, it may look like one that was there."""
    return run.idempotency_key is not None and run.idempotency_key.startswith(f"{bulk.id}/")


def _cancel(batch: Batch, bulk: Bulk, run_ids: list[str]) -> Iterator[tuple[str, MainspringError]]:
    """Those that could not be cancelled, and why."""
    reason = decode(bulk.options).get("reason")
    rows = batch.tx.rows("find_runs_to_change", environment_id=bulk.environment_id, ids=run_ids)
    found = {run.id: run for run in RUN.values(rows)}
    hooked = jobs_with_hook(batch, {(run.environment_id, run.job_id) for run in found.values()})
    for run_id in run_ids:
        if run_id in found:
            run = found[run_id]
            command = CancelRun(bulk.environment_id, run_id, reason, bulk.id)
            cancel_found(batch, run, command, has_hook=(run.environment_id, run.job_id) in hooked)
        else:
            yield run_id, no_such_run(run_id)


def _replay(batch: Batch, bulk: Bulk, run_ids: list[str]) -> Iterator[tuple[str, MainspringError]]:
    """Those that could not be replayed, and why."""
    from_task = decode(bulk.options).get("from_task")
    for run_id in run_ids:
        key, new_id = f"{bulk.id}/{run_id}", batch.ids.new("run")
        command = ReplayRun(bulk.environment_id, run_id, new_id, None, key, from_task)
        answer = replay_run(batch, command)
        if isinstance(answer, MainspringError):
            yield run_id, answer
