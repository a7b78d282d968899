"""Waits: registered before they are checked, resolved exactly once, by whatever announces the fact (I7).

A wait's row exists exactly while it is unresolved; its outcome is the outcome of its task.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.clock import to_iso
from mainspring.codec import decode
from mainspring.engine.batch import Batch
from mainspring.engine.jobs import filter_from_text
from mainspring.engine.shown import event_json, failure_json
from mainspring.model.events import Event
from mainspring.model.failures import Failure
from mainspring.model.filters import matches
from mainspring.model.waits import Wait, event_channel
from mainspring.storage.database import Question
from mainspring.storage.shapes import EVENT, WAIT

#: Events looked at in one go when a new wait searches those that came before it.
EARLY_PAGE = 500


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome of one wait."""

    wait: Wait
    output: str | None = None
    failure: Failure | None = None
    event_id: str | None = None
    #: What else the history shall say of it.
    note: Mapping[str, Any] | None = None


def resolve(batch: Batch, resolutions: Iterable[Resolution]) -> None:
    """Writes outcomes and wakes whom they concern: parked runs become claimable, holders get a notice."""
    run_ids: set[str] = set()
    for found in resolutions:
        wait = found.wait
        run_ids.add(wait.run_id)
        batch.later("delete_wait", {"run_id": wait.run_id, "task_key": wait.task_key})
        if wait.kind == "retry":  # the task itself goes on: it stays RETRYING until its next attempt
            continue
        failed = found.failure is not None
        batch.later(
            "resolve_task",
            {
                "run_id": wait.run_id,
                "key": wait.task_key,
                "status": "FAILED" if failed else "SUCCESS",
                "output": found.output,
                "failure": failure_json(found.failure) if found.failure else None,
                "event_id": found.event_id,
                "now": batch.now,
            },
        )
        data = {"event": found.event_id} if found.event_id else found.note
        kind = "WAIT_TIMED_OUT" if failed else "WAIT_RESOLVED"
        batch.record((wait.environment_id, wait.run_id), kind, wait.task_key, data=data)  # type: ignore[arg-type]  # one of two literals
    if run_ids:
        batch.flush()
        wake_runs(batch, run_ids)


def give_up(batch: Batch, run_id: str, key: str) -> None:
    """The code waits no longer: nobody is told any more, and an approval that it waited for is called off."""
    batch.later("call_off_approval", {"run_id": run_id, "task_key": key, "now": batch.now})
    batch.later("delete_wait", {"run_id": run_id, "task_key": key})


def wake_runs(batch: Batch, run_ids: set[str]) -> None:
    """Parked runs among these become claimable; holders of the others hear of it."""
    ids = sorted(run_ids)
    for _, environment_id, queue, key, slot in batch.tx.rows("wake_runs", ids=ids, now=batch.now):
        if slot:
            batch.touch(environment_id, queue, key)
        else:
            batch.wake.ready.add(environment_id)
    batch.wake.attention.update(row[0] for row in batch.tx.rows("notify_runs", ids=ids))


# ── events ───────────────────────────────────────────────────────────────────────────────────────────
def announce_events(batch: Batch, environment_id: str, events: list[Event]) -> None:
    """Resolves the waits that these events, just delivered, satisfy. An event serves one wait per run."""
    channels = {event_channel(e.name, None) for e in events}
    channels |= {event_channel(e.name, e.correlation_id) for e in events if e.correlation_id is not None}
    said = sorted(channels)
    with batch.tx.together():
        batch.tx.run("speak_on_channels", environment_id=environment_id, channels=said)
    waits = WAIT.values(batch.tx.rows("waits_on_channels", environment_id=environment_id, channels=said))
    if not waits:
        return
    by_channel: dict[str | None, list[Wait]] = {}
    for wait in waits:
        by_channel.setdefault(wait.channel, []).append(wait)
    resolved: dict[tuple[str, str], Resolution] = {}
    for event in events:
        listening = by_channel.get(event_channel(event.name, None), [])
        if event.correlation_id is not None:
            listening = listening + by_channel.get(event_channel(event.name, event.correlation_id), [])
        served: set[str] = set()
        payload = decode(event.payload) if any(w.filter for w in listening) else None
        for wait in sorted(listening, key=lambda w: w.created_at):
            key = (wait.run_id, wait.task_key)
            if wait.run_id in served or key in resolved or not _fits(wait.filter, payload):
                continue
            served.add(wait.run_id)
            resolved[key] = Resolution(wait, output=event_json(event), event_id=event.id)
    resolve(batch, resolved.values())


def _fits(filter_text: str | None, payload: Any) -> bool:
    return filter_text is None or matches(filter_from_text(filter_text), payload)


@dataclass(frozen=True, slots=True)
class NewWait:
    """A wait that was just registered, with what its search among earlier facts needs."""

    wait: Wait
    #: For events: the name, the correlation id asked for, after which delivery, and the event that began the run.
    event_name: str | None = None
    correlation_id: str | None = None
    heard_from: int = 0
    first_event_id: str | None = None
    #: For runs: which.
    target_run_ids: tuple[str, ...] = ()


def check_new_waits(batch: Batch, new_waits: list[NewWait]) -> None:
    """Resolves waits for events that were there before them. Call after their rows are written: edge
    first, then check."""
    used: set[tuple[str, str]] = set()
    found: list[Resolution] = []
    _begin_to_listen(batch, [new.wait for new in new_waits if new.event_name is not None])
    listening = [new for new in new_waits if new.event_name is not None]
    firsts = batch.tx.ask(*(_early_page(new, 0) for new in listening)) if listening else []
    for new, page in zip(listening, firsts, strict=True):
        event = _early_event(batch, new, EVENT.values(page), used)
        if event is not None:
            used.add((new.wait.run_id, event.id))
            found.append(Resolution(new.wait, output=event_json(event), event_id=event.id))
    resolve(batch, found)


def _begin_to_listen(batch: Batch, waits: list[Wait]) -> None:
    """From here to the commit no other server announces on these channels: its event is found, or finds the wait."""
    heard: dict[str, set[str]] = {}
    for wait in waits:
        if wait.channel is not None:
            heard.setdefault(wait.environment_id, set()).add(wait.channel)
    with batch.tx.together():
        for environment_id, channels in sorted(heard.items()):
            batch.tx.run("hear_channels", environment_id=environment_id, channels=sorted(channels))


def _early_page(new: NewWait, offset: int) -> Question:
    """The question for the events since the run began, oldest first."""
    statement = "early_events" if new.correlation_id is None else "early_events_with_id"
    values: dict[str, Any] = {
        "environment_id": new.wait.environment_id,
        "run_id": new.wait.run_id,
        "name": new.event_name,
        "heard_from": new.heard_from,
        "limit": EARLY_PAGE,
        "offset": offset,
    }
    if new.correlation_id is not None:
        values["correlation_id"] = new.correlation_id
    return statement, values


def _early_event(batch: Batch, new: NewWait, page: list[Event], used: set[tuple[str, str]]) -> Event | None:
    """The oldest event, of this first page and those after it, that fits and that this run has not used."""
    offset = 0
    while True:
        for event in page:
            if event.id == new.first_event_id or (new.wait.run_id, event.id) in used:
                continue
            if new.wait.filter is None or _fits(new.wait.filter, decode(event.payload)):
                return event
        if len(page) < EARLY_PAGE:
            return None
        offset += EARLY_PAGE
        page = EVENT.values(batch.tx.ask(_early_page(new, offset))[0])


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────
def fire_due_waits(batch: Batch, limit: int) -> int:
    """Resolves waits whose time has come: sleeps succeed, the others time out. Returns how many."""
    due = WAIT.values(batch.tx.rows("due_waits", now=batch.now, limit=limit))
    resolve(batch, [_at_due_time(wait) for wait in due])
    return len(due)


def _at_due_time(wait: Wait) -> Resolution:
    if wait.kind in ("time", "retry"):
        return Resolution(wait, output="null")
    message = f"nothing resolved the wait '{wait.task_key}' before {to_iso(wait.due_at or 0)}"
    return Resolution(wait, failure=Failure("WaitTimeout", message, "wait_timeout", task_key=wait.task_key))
