"""Events: kept once, then delivered: a run per matching enabled job, and the waits that match resolved (I1)."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mainspring.codec import decode
from mainspring.engine.batch import Batch
from mainspring.engine.commands import CancelEvent, EventSent, SendEvents
from mainspring.engine.jobs import filter_from_text, payload_problems, spec_from_text
from mainspring.engine.joining import Joiner, join_events, joiner_problems
from mainspring.engine.runs import Origin, insert_runs, new_run
from mainspring.engine.singletons import Leaders, Line, find_leaders, key_of_job
from mainspring.engine.skips import outcomes_from_text, outcomes_to_text, was_alive, was_disabled
from mainspring.engine.start_limits import refused_event
from mainspring.engine.waits import announce_events
from mainspring.errors import Conflict, MainspringError, NotFound
from mainspring.model.events import Event, EventDraft, Rejection, Skip, StartedRun
from mainspring.model.filters import matches
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.protocol import RunDraft
from mainspring.storage.shapes import EVENT


@dataclass(frozen=True, slots=True)
class Listener:
    """A job that listens for an event name, under a filter."""

    spec: JobSpec
    filter: Any
    trigger: TriggerSpec
    #: Of the trigger, among the job's.
    ordinal: int
    is_enabled: bool
    #: Several of its events become one run.
    is_joining: bool


@dataclass(slots=True)
class Delivery:
    """What one event started, who refused it, and who would have taken it."""

    runs: list[StartedRun]
    rejections: list[Rejection]
    skips: list[Skip] = field(default_factory=list)


def send_events(batch: Batch, commands: list[SendEvents]) -> list[tuple[EventSent, ...]]:
    """Keeps and delivers the events of several senders; answers line up with the commands."""
    answers: dict[int, tuple[EventSent, ...]] = {}
    by_environment: dict[str, list[tuple[int, SendEvents]]] = {}
    for index, command in enumerate(commands):
        by_environment.setdefault(command.environment_id, []).append((index, command))
    for environment_id, group in by_environment.items():
        drafts = [draft for _, command in group for draft in command.events]
        sent = _send(batch, environment_id, drafts)
        position = 0
        for index, command in group:
            answers[index] = tuple(sent[position : position + len(command.events)])
            position += len(command.events)
    return [answers[index] for index in range(len(commands))]


def _send(batch: Batch, environment_id: str, drafts: list[EventDraft]) -> list[EventSent]:
    known = _known(batch, environment_id, drafts)
    events: list[tuple[Event, bool]] = []
    fresh: list[Event] = []
    for draft in drafts:
        event = known.get(draft.id) or (draft.idempotency_key and known.get((draft.idempotency_key,))) or None
        if event is None:
            event = _event(batch, environment_id, draft)
            fresh.append(event)
            known[event.id] = event
            if event.idempotency_key:
                known[(event.idempotency_key,)] = event
            events.append((event, False))
        else:
            events.append((event, True))
    deliveries = deliver(batch, environment_id, [e for e in fresh if e.delivered_at is not None])
    begin_deliveries(batch)
    kept: dict[str, Event] = {}
    for event in fresh:
        delivery = deliveries.get(event.id)
        kept[event.id] = event if delivery is None else _with_outcomes(event, delivery)
        batch.later("insert_event", kept[event.id])
        if event.delivered_at is None:
            batch.wake.at(event.deliver_at)
    batch.flush()
    announce_events(batch, environment_id, [e for e in fresh if e.delivered_at is not None])
    return _answers(batch, [(kept.get(event.id, event), again) for event, again in events], deliveries)


def _known(batch: Batch, environment_id: str, drafts: list[EventDraft]) -> dict[Any, Event]:
    """Earlier events by id and by (idempotency key,)."""
    rows = batch.tx.rows(
        "known_events",
        environment_id=environment_id,
        ids=[draft.id for draft in drafts],
        keys=[draft.idempotency_key for draft in drafts if draft.idempotency_key],
    )
    known: dict[Any, Event] = {}
    for event in EVENT.values(rows):
        known[event.id] = event
        if event.idempotency_key:
            known[(event.idempotency_key,)] = event
    return known


def _event(batch: Batch, environment_id: str, draft: EventDraft) -> Event:
    now = batch.now
    deliver_at = draft.deliver_at if draft.deliver_at is not None else now + (draft.delay or 0)
    return Event(
        id=draft.id,
        environment_id=environment_id,
        name=draft.name,
        payload=draft.payload,
        correlation_id=draft.correlation_id,
        idempotency_key=draft.idempotency_key,
        source=draft.source,
        context=draft.context,
        is_test=draft.is_test,
        received_at=now,
        deliver_at=max(deliver_at, now),
        delivered_at=now if deliver_at <= now else None,
        cancelled_at=None,
        rejections="[]",
    )


def _answers(
    batch: Batch, events: list[tuple[Event, bool]], deliveries: dict[str, Delivery]
) -> list[EventSent]:
    """Duplicates answer with what the first sending started."""
    earlier = [event.id for event, is_duplicate in events if is_duplicate]
    started: dict[str, list[StartedRun]] = {}
    if earlier:
        for event_id, run_id, job_id, _ in batch.tx.rows("runs_of_events", ids=earlier):
            started.setdefault(event_id, []).append(StartedRun(run_id, job_id))
    answers = []
    for event, is_duplicate in events:
        if is_duplicate:
            runs = tuple(started.get(event.id, ()))
            answers.append(EventSent(event, runs, *outcomes_from_text(event.rejections), is_duplicate))
        else:
            one = deliveries.get(event.id) or Delivery([], [])
            answers.append(EventSent(event, tuple(one.runs), tuple(one.rejections), tuple(one.skips)))
    return answers


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────────
def deliver(batch: Batch, environment_id: str, events: list[Event]) -> dict[str, Delivery]:
    """Starts a run per matching enabled job, each at most once per event. By event id."""
    if not events:
        return {}
    listeners = _listeners(batch, environment_id, {event.name for event in events})
    joiners: list[Joiner] = []
    delivered = {
        event.id: _deliver_one(batch, event, listeners.get(event.name, []), joiners) for event in events
    }
    join_events(batch, environment_id, joiners)
    return delivered


def begin_deliveries(batch: Batch) -> None:
    """Between the runs that events start and the events: what is sent together, the runs can wait for. Their
    order is counted and not told by the clock, which may be set back."""
    batch.flush()
    with batch.tx.together():
        batch.tx.run("begin_deliveries")


def _listeners(batch: Batch, environment_id: str, names: set[str]) -> dict[str, list[Listener]]:
    listeners: dict[str, list[Listener]] = {}
    rows = batch.tx.rows("listening_jobs", environment_id=environment_id, names=sorted(names))
    for name, ordinal, filter_text, spec_text, is_enabled, is_governed in rows:
        condition = filter_from_text(filter_text) if filter_text else None
        spec = spec_from_text(spec_text)
        if is_governed:
            batch.governed.add((environment_id, spec.queue_name))
        trigger = spec.triggers[ordinal]
        is_joining = trigger.debounce is not None or trigger.batch is not None
        listener = Listener(spec, condition, trigger, ordinal, bool(is_enabled), is_joining)
        listeners.setdefault(name, []).append(listener)
    return listeners


def _deliver_one(batch: Batch, event: Event, listeners: list[Listener], joiners: list[Joiner]) -> Delivery:
    """Of jobs for which events join a run, the event is only gathered."""
    delivery = Delivery([], [])
    payload = decode(event.payload) if listeners else None
    seen: set[str] = set()
    for listener in listeners:
        spec, trigger = listener.spec, listener.trigger
        if spec.id in seen or trigger.source not in (None, event.source):
            continue
        if listener.filter is not None and not matches(listener.filter, payload):
            continue
        seen.add(spec.id)
        if not listener.is_enabled:
            delivery.skips.append(was_disabled(spec.id))
            continue
        check = payload_problems if not listener.is_joining else partial(joiner_problems, trigger)
        problems = check(spec, payload)
        if problems:
            delivery.rejections.append(Rejection(spec.id, problems))
            continue
        if listener.is_joining:
            joiners.append(Joiner(event, payload, spec, trigger, listener.ordinal, delivery.runs))
            continue
        late = None if spec.start_limit is None else refused_event(batch, event, spec, payload)
        if late is not None:
            delivery.skips.append(late)
            continue
        draft = RunDraft(batch.ids.new("run"), spec.id, event.payload, is_test=event.is_test)
        run = new_run(batch, event.environment_id, spec, draft, Origin(event.id))
        if spec.singleton is not None:
            leaders: Leaders = {}
            batch.flush()
            key = key_of_job(spec, payload) or ""
            find_leaders(batch, event.environment_id, [(spec.id, key)], leaders)
            line = Line(batch, leaders)
            leader = line.join(run, spec)
            line.keep()
            if leader is not run:
                delivery.skips.append(was_alive(spec.id, leader.id))
                continue
        insert_runs(batch, [run])
        delivery.runs.append(StartedRun(draft.run_id, spec.id))
    return delivery


def _with_outcomes(event: Event, delivery: Delivery) -> Event:
    if not delivery.rejections and not delivery.skips:
        return event
    return replace(event, rejections=outcomes_to_text(delivery.rejections, delivery.skips))


# ── delayed events ───────────────────────────────────────────────────────────────────────────────────
def deliver_due_events(batch: Batch, limit: int) -> int:
    """Delivers events whose time has come. Returns how many."""
    due = EVENT.values(batch.tx.rows("due_events", now=batch.now, limit=limit))
    by_environment: dict[str, list[Event]] = {}
    for event in due:
        by_environment.setdefault(event.environment_id, []).append(replace(event, delivered_at=batch.now))
    for environment_id, events in by_environment.items():
        deliveries = deliver(batch, environment_id, events)
        begin_deliveries(batch)
        for event in events:
            delivery = deliveries[event.id]
            text = outcomes_to_text(delivery.rejections, delivery.skips)
            batch.later("deliver_event", {"id": event.id, "now": batch.now, "rejections": text})
        batch.flush()
        announce_events(batch, environment_id, events)
    return len(due)


def cancel_event(batch: Batch, command: CancelEvent) -> Event | MainspringError:
    """Takes back an event before its delivery."""
    values = {"environment_id": command.environment_id, "id": command.event_id}
    row = batch.tx.row("find_event", **values)
    if row is None:
        return NotFound(f"there is no event '{command.event_id}' in this environment")
    event = EVENT.value(row)
    if event.cancelled_at is not None:
        return event
    if event.delivered_at is not None:
        return Conflict(
            f"the event '{command.event_id}' was delivered already",
            mend="Cancel the runs it started instead.",
        )
    batch.tx.run("cancel_event", environment_id=command.environment_id, id=event.id, now=batch.now)
    return replace(event, cancelled_at=batch.now)
