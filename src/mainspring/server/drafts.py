"""Several events or runs of one request as drafts: no more than may come at once, each under a key of its own."""

from collections.abc import Sequence

from mainspring.errors import LimitExceeded
from mainspring.model.events import EventDraft
from mainspring.model.runs import RunDraft
from mainspring.server.call import Desk
from mainspring.server.shapes.batches import BatchedRunBody
from mainspring.server.shapes.bodies import EventBody, event_draft, run_draft


def event_drafts(desk: Desk, events: Sequence[EventBody], key: str | None) -> tuple[EventDraft, ...]:
    """Raises `LimitExceeded`."""
    _check_count(len(events), "events", desk.limits.max_events_per_request, "max_events_per_request")
    return tuple(
        event_draft(event, desk.engine.ids.new("evt"), desk.limits, idempotency_key=_key(key, index))
        for index, event in enumerate(events)
    )


def run_drafts(desk: Desk, runs: Sequence[BatchedRunBody], key: str | None) -> tuple[RunDraft, ...]:
    """Raises `LimitExceeded`."""
    _check_count(len(runs), "runs", desk.limits.max_runs_per_batch, "max_runs_per_batch")
    return tuple(
        run_draft(run, desk.engine.ids.new("run"), run.job_id, desk.limits, idempotency_key=_key(key, index))
        for index, run in enumerate(runs)
    )


def _check_count(count: int, what: str, limit: int, setting: str) -> None:
    if count > limit:
        raise LimitExceeded(
            f"the request has {count} {what}; the limit is {limit} ({setting})",
            mend="Send them in several requests, or raise that setting.",
            limit=limit,
            setting=setting,
        )


def _key(key: str | None, index: int) -> str | None:
    return f"{key}/{index}" if key else None
