"""Why a job did not take an event: what is kept of it when the event is delivered, and what can be told later.

Kept is what nobody could find out afterwards: a job was disabled then. The rest follows from the event and the jobs
as they are registered now, and is found when somebody asks, so that it costs no event anything.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from mainspring.clock import Instant
from mainspring.codec import decode, encode
from mainspring.engine.jobs import spec_from_text
from mainspring.model.events import Event, Problem, Rejection, Skip, SkipReason
from mainspring.model.filters import misfit
from mainspring.model.jobs import JobSpec
from mainspring.model.sealed import is_sealed
from mainspring.storage.database import Transaction

#: How much alike two event names are when one is taken for a slip of the other.
_NEAR = 0.8


def was_alive(job_id: str, run_id: str) -> Skip:
    """Of a singleton: its run was not over."""
    return Skip(job_id, "singleton", f"run {run_id} of it was alive, and there is one at a time")


def was_disabled(job_id: str) -> Skip:
    """A job that would have taken the event."""
    mend = f"`mainspring jobs enable {job_id}`, then send the event again"
    return Skip(job_id, "disabled", f"it was disabled when the event came: {mend}")


def outcomes_to_text(rejections: Iterable[Rejection], skips: Iterable[Skip]) -> str:
    """What an event keeps of the jobs that did not take it."""
    refused = [
        {"job_id": r.job_id, "errors": [{"path": p.path, "message": p.message} for p in r.errors]}
        for r in rejections
    ]
    skipped = [{"job_id": s.job_id, "reason": s.reason, "message": s.message} for s in skips]
    return encode([*refused, *skipped], what="rejections")


def outcomes_from_text(text: str) -> tuple[tuple[Rejection, ...], tuple[Skip, ...]]:
    if text == "[]":
        return (), ()
    kept = decode(text)
    rejections = (
        Rejection(one["job_id"], tuple(Problem(p["path"], p["message"]) for p in one["errors"]))
        for one in kept
        if "errors" in one
    )
    skips = (Skip(one["job_id"], one["reason"], one["message"]) for one in kept if "reason" in one)
    return tuple(rejections), tuple(skips)


def skips_of(tx: Transaction, event: Event, settled: set[str]) -> tuple[tuple[Skip, ...], str | None]:
    """The jobs that listen for an event by its name and took no part in it, but for those that are `settled`; and a
    hint where nobody listens for such a name."""
    if event.delivered_at is None:
        return (), None
    rows = tx.rows("list_jobs", environment_id=event.environment_id)
    jobs = [(spec_from_text(text), bool(enabled), at) for _, text, enabled, at in rows]
    skips = tuple(
        skip
        for spec, enabled, at in jobs
        if spec.id not in settled and (skip := _skip(event, spec, enabled, at)) is not None
    )
    is_heard = bool(skips or settled)
    return skips, None if is_heard else _hint(event.name, sorted(set(_names(spec for spec, _, _ in jobs))))


def _skip(event: Event, spec: JobSpec, enabled: bool, changed_at: Instant) -> Skip | None:
    listening = [trigger for trigger in spec.triggers if event.name in trigger.events]
    if not listening:
        return None
    payload = decode(event.payload)
    misses: list[tuple[SkipReason, str]] = []
    for trigger in listening:
        path = None if trigger.filter is None else misfit(trigger.filter, payload)
        if trigger.source not in (None, event.source):
            said = "has no source" if event.source is None else f"is from '{event.source}'"
            misses.append(("source", f"it listens for events from '{trigger.source}', and this one {said}"))
        elif path is not None:
            why = "the payload is encrypted" if is_sealed(payload) else "the payload does not match"
            misses.append(("filter", f"its filter asks for {path}, where {why}"))
    if len(misses) == len(listening):
        return Skip(spec.id, *misses[0])
    if not spec.enabled:
        return Skip(spec.id, "disabled", "it is switched off in its code (enabled=False)")
    if not enabled:
        return was_disabled(spec.id)
    return Skip(spec.id, "registered_later", "it listens for such events now, and did not when this one came")


def _names(specs: Iterable[JobSpec]) -> Iterator[str]:
    for spec in specs:
        for trigger in spec.triggers:
            yield from trigger.events


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    meant = f": did you mean '{near[0]}'?" if near else ""
    return f"no job listens for '{name}'{meant}"
