"""Events that join a run: one of those that are put off together, or a list of all that gathered.

The run is there from the first event on, put off; its row is held by whoever adds to it. Each event has a row that
says which run it became, with its number there: the order of acceptance. A run that gathers is given its payload
when it starts, or ends before that: until then events cost it nothing.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from mainspring.clock import to_iso
from mainspring.engine.batch import Batch
from mainspring.engine.jobs import payload_problems
from mainspring.engine.runs import Origin, insert_run, new_run
from mainspring.model.events import Event, Problem, StartedRun
from mainspring.model.jobs import JobSpec, TriggerSpec
from mainspring.model.joining import gathers, window_of
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import FREE, HELD, MAX_KEY, key_of
from mainspring.model.runs import DebounceSpec, Run
from mainspring.storage.shapes import RUN


@dataclass(slots=True)
class Joiner:
    """An event on its way to the run that it becomes, of a job that takes it."""

    event: Event
    payload: Any
    spec: JobSpec
    #: Its number is that among the job's triggers.
    trigger: TriggerSpec
    ordinal: int
    #: Where the event's answer has its runs.
    runs: list[StartedRun]

    @property
    def window(self) -> str:
        joining = self.trigger.debounce or self.trigger.batch
        assert joining is not None
        return window_of(joining, self.ordinal, self.payload, is_test=self.event.is_test)

    @property
    def concurrency_key(self) -> str | None:
        path = self.spec.concurrency_key
        return None if path is None else key_of(path, self.payload)


@dataclass(slots=True)
class _Window:
    """A run that events may still join."""

    run: Run
    #: How many it has, and the bytes of their payloads.
    number: int = 0
    size: int = 0
    is_new: bool = False
    #: The payloads of those that came in this batch, and what its account says of them.
    payloads: list[str] = field(default_factory=list)
    said: list[dict[str, str]] = field(default_factory=list)


def joiner_problems(trigger: TriggerSpec, spec: JobSpec, payload: Any) -> tuple[Problem, ...]:
    """What keeps an event out of the run that it would join: each is held against the schema by itself."""
    joining = trigger.debounce or trigger.batch
    if joining is not None and joining.key is not None and len(key_of(joining.key, payload) or "") > MAX_KEY:
        return (Problem(joining.key, f"is longer than a key may be: {MAX_KEY} characters"),)
    if trigger.batch is None:
        return payload_problems(spec, payload)
    alone = replace(spec, payload_schema=None)
    return payload_problems(alone, payload) or tuple(
        replace(problem, path=problem.path.removeprefix("[0]").removeprefix(".") or "$")
        for problem in payload_problems(spec, [payload])
    )


def join_events(batch: Batch, environment_id: str, joiners: list[Joiner]) -> None:
    """Adds events, in their order, to the runs that are open for them; opens and closes such runs."""
    if not joiners:
        return
    windows = _find(batch, environment_id, joiners)
    for joiner in joiners:
        place = (joiner.spec.id, joiner.window)
        window = windows.get(place)
        if window is not None and _is_full(batch, window, joiner):
            _close(batch, window, "bytes")
            window = None
        if window is None:
            window = windows[place] = _open(batch, environment_id, joiner, place[1])
        _take(batch, window, joiner)
        joiner.runs.append(StartedRun(window.run.id, joiner.spec.id))
        gathering = joiner.trigger.batch
        if gathering is not None and window.number >= gathering.size:
            _close(batch, window, "size")
            del windows[place]
    for window in windows.values():
        _keep(batch, window)


def _find(batch: Batch, environment_id: str, joiners: list[Joiner]) -> dict[tuple[str, str], _Window]:
    """The runs that are open for these events, held until the batch commits, with what they have."""
    place = {"environment_id": environment_id, "job_ids": sorted({joiner.spec.id for joiner in joiners})}
    keys = sorted({joiner.window for joiner in joiners})
    runs = RUN.values(batch.tx.rows("debounced_runs", **place, keys=keys))
    windows = {run.id: _Window(run) for run in runs}
    if windows:
        for run_id, number, size in batch.tx.rows("joined_so_far", run_ids=sorted(windows)):
            windows[run_id].number, windows[run_id].size = number, size
    return {(window.run.job_id, window.run.debounce_key or ""): window for window in windows.values()}


def _is_full(batch: Batch, window: _Window, joiner: Joiner) -> bool:
    """Whether the list of a run that gathers would be too long, in bytes, with one more."""
    if joiner.trigger.batch is None or window.number == 0:
        return False
    brackets_and_commas = window.number + 2
    size = window.size + len(joiner.event.payload.encode()) + brackets_and_commas
    return size > batch.limits.max_payload_bytes


def _open(batch: Batch, environment_id: str, joiner: Joiner, key: str) -> _Window:
    event, debounce, gathering = joiner.event, joiner.trigger.debounce, joiner.trigger.batch
    draft = RunDraft(batch.ids.new("run"), joiner.spec.id, event.payload, is_test=event.is_test)
    draft.concurrency_key = joiner.concurrency_key
    if debounce is not None:
        draft.delay = debounce.delay
        draft.debounce = DebounceSpec(key, debounce.delay, debounce.mode, debounce.max_delay)
    elif gathering is not None:
        draft.payload, draft.delay = "[]", gathering.timeout
        draft.debounce = DebounceSpec(key, gathering.timeout)
    origin = Origin(None if gathering is not None else event.id)
    return _Window(new_run(batch, environment_id, joiner.spec, draft, origin), is_new=True)


def _take(batch: Batch, window: _Window, joiner: Joiner) -> None:
    event, run, debounce = joiner.event, window.run, joiner.trigger.debounce
    window.number += 1
    window.size += len(event.payload.encode())
    row = {
        "environment_id": run.environment_id,
        "run_id": run.id,
        "number": window.number,
        "size": window.size,
    }
    batch.later("insert_joined_event", {**row, "event_id": event.id, "job_id": run.job_id})
    if debounce is None:
        window.payloads.append(event.payload)
    elif window.number > 1:
        at = batch.now + debounce.delay
        if run.debounce_until is not None:
            at = max(batch.now, min(at, run.debounce_until))
        run = _moved(run, at)
        if debounce.mode == "trailing":
            key = joiner.concurrency_key
            run = replace(run, payload=event.payload, event_id=event.id, concurrency_key=key)
        window.run = run
        window.said.append({"until": to_iso(at), "event": event.id})


def _moved(run: Run, at: int) -> Run:
    """Its expiry moves along."""
    expires_at = None if run.expires_at is None else run.expires_at + at - run.available_at
    return replace(run, available_at=at, expires_at=expires_at, timer_at=at)


def _keep(batch: Batch, window: _Window) -> None:
    """What this batch changed of a run that stays open."""
    run = window.run
    if window.is_new:
        insert_run(batch, run)
    elif window.said:
        batch.later("carry_event", run)
        batch.wake.at(run.available_at)
    for said in window.said:
        batch.record((run.environment_id, run.id), "RUN_DEBOUNCED", data=said)


# ── lists of events ──────────────────────────────────────────────────────────────────────────────────
def is_gathering(run: Run) -> bool:
    """Whether events still gather for the run, whose payload is not written yet."""
    is_put_off = run.status == "PENDING" and not run.is_ready and run.slot == FREE and run.lease == 0
    return is_put_off and gathers(run.debounce_key)


def gathered(batch: Batch, run: Run, *more: str) -> str:
    """The payload of a run that gathers: the list of what its events carry, and `more`."""
    payloads = [payload for (payload,) in batch.tx.rows("joined_payloads", run_id=run.id)]
    return f"[{','.join([*payloads, *more])}]"


def close_gathering(batch: Batch, run: Run) -> None:
    """Its time is over: it starts with what it has."""
    _close(batch, _Window(run))


def _close(batch: Batch, window: _Window, because: str | None = None) -> None:
    """No more events join the run: it may start now. `because`: why it need not wait until its time is over."""
    run, place = window.run, (window.run.environment_id, window.run.queue)
    run = _moved(run, batch.now)
    if window.is_new:
        is_held = run.concurrency_key is not None or place in batch.governed
        payload = f"[{','.join(window.payloads)}]"
        run = replace(run, payload=payload, is_ready=not is_held, slot=HELD if is_held else FREE)
        insert_run(batch, replace(run, timer_at=run.expires_at))
    else:
        payload = gathered(batch, run, *window.payloads)
        batch.later("close_gathering", replace(run, payload=payload, timer_at=run.expires_at))
        batch.wake.ready.add(run.environment_id)
        if place in batch.governed or run.concurrency_key is not None:
            batch.touch(*place, run.concurrency_key)
    batch.wake.at(run.expires_at)
    if because is not None:
        said = {"at": to_iso(batch.now), "because": because}
        batch.record((run.environment_id, run.id), "RUN_RESCHEDULED", data=said)
