"""Rules over the waits for events (I7): none that fits was passed over, however early it came."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import Page, with_payloads
from mainspring.audit.rows import Case, EventRow
from mainspring.audit.runs import found
from mainspring.codec import decode
from mainspring.model.filters import matches
from mainspring.model.waits import event_channel
from mainspring.storage.database import Transaction

PAGE_EVENTS = 1_000
_EVENT_CHANNEL = event_channel("", None)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """An open wait for an event."""

    case: Case
    task_key: str
    name: str
    correlation_id: str | None
    filter: Any
    #: Events that other waits of the run took.
    used: frozenset[str]

    def may_take(self, event: EventRow) -> bool:
        """Whether the event would have resolved it, its filter aside."""
        run = self.case.run
        return (
            event.name == self.name
            and (self.correlation_id is None or self.correlation_id == event.correlation_id)
            and event.delivery is not None
            and event.delivery > run.heard_from
            and event.id != run.event_id
            and event.id not in self.used
        )


def check_unheard(tx: Transaction, page: Page) -> Iterator[Finding]:
    """Open waits of a page for which an event that fits has come."""
    asked: dict[str, list[_Asked]] = {}
    for case in page.cases.values():
        if not case.run.is_final:
            for one in _asked(case):
                asked.setdefault(case.run.environment_id, []).append(one)
    for environment_id, waits in asked.items():
        named = [one for one in waits if one.correlation_id is None]
        names = {"names": sorted({one.name for one in named})}
        yield from _unheard(tx, environment_id, "audit_events_named", names, named)
        correlated = [one for one in waits if one.correlation_id is not None]
        ids = {"correlation_ids": sorted({one.correlation_id or "" for one in correlated})}
        yield from _unheard(tx, environment_id, "audit_events_correlated", ids, correlated)


def _asked(case: Case) -> Iterator[_Asked]:
    used: frozenset[str] | None = None
    for wait in case.waits.values():
        task = case.tasks.get(wait.task_key)
        if wait.kind != "event" or wait.channel is None or task is None or task.status != "WAITING":
            continue
        if used is None:
            used = frozenset(t.event_id for t in case.tasks.values() if t.event_id is not None)
        name, has_id, correlation_id = wait.channel.removeprefix(_EVENT_CHANNEL).partition("\n")
        condition = decode(wait.filter) if wait.filter is not None else None
        yield _Asked(case, wait.task_key, name, correlation_id if has_id else None, condition, used)


def _unheard(
    tx: Transaction, environment_id: str, statement: str, values: Mapping[str, Any], waits: list[_Asked]
) -> Iterator[Finding]:
    """Each wait at most once."""
    by_name: dict[str, list[_Asked]] = {}
    for one in waits:
        by_name.setdefault(one.name, []).append(one)
    heard_from = min((one.case.run.heard_from for one in waits), default=0)
    place = {"environment_id": environment_id, "heard_from": heard_from, "limit": PAGE_EVENTS}
    after = 0
    while by_name:
        events = [EventRow._make(row) for row in tx.rows(statement, after=after, **place, **values)]
        yield from _passed_over(tx, events, by_name)
        if len(events) < PAGE_EVENTS:
            return
        after = events[-1].sequence


def _passed_over(
    tx: Transaction, events: list[EventRow], by_name: dict[str, list[_Asked]]
) -> Iterator[Finding]:
    """Takes the waits out that some of these events should have resolved."""
    doubtful: list[EventRow] = []
    for event in events:
        takers = [one for one in by_name.get(event.name, ()) if one.may_take(event)]
        if any(one.filter is not None for one in takers):
            doubtful.append(event)
        yield from _settle(by_name, event, [one for one in takers if one.filter is None])
    for event, payload in with_payloads(tx, doubtful):
        takers = [
            one
            for one in by_name.get(event.name, ())
            if one.filter is not None and one.may_take(event) and matches(one.filter, payload)
        ]
        yield from _settle(by_name, event, takers)


def _settle(by_name: dict[str, list[_Asked]], event: EventRow, takers: list[_Asked]) -> Iterator[Finding]:
    for one in takers:
        message = f"the event {event.id} fits, but it still waits"
        yield found(one.case.run, rules.EVENT_NOT_HEARD, message, one.task_key)
    if takers:
        by_name[event.name] = [one for one in by_name[event.name] if one not in takers]
        if not by_name[event.name]:
            del by_name[event.name]
