"""Events as user code sees them, the drafts that are sent, and `client.events`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Required, TypedDict, TypeVar

from mainspring.clock import SECOND, Instant, from_datetime, from_iso, to_datetime, to_iso
from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError, InvalidInstant
from mainspring.ids import new_id
from mainspring.model.events import EventDraft, Problem, Rejection, Skip, StartedRun
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.json_text import encode

PayloadT = TypeVar("PayloadT")

MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class Event(Generic[PayloadT]):
    """An event that arrived."""

    #: The id its sender gave (it may repeat), else our own.
    id: str
    name: str
    payload: PayloadT
    #: When it arrived.
    timestamp: datetime
    #: Our own id, which is unique.
    event_id: str
    source: str | None = None
    context: Any = None
    idempotency_key: str | None = None
    deliver_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    is_test: bool = False
    #: The runs it started, and the jobs that refused it.
    runs: tuple[StartedRun, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    #: The jobs that listen for such events and took no part: after sending those that are disabled, of an event that
    #: is retrieved all of them; and what may be meant where no job listens for its name.
    skipped: tuple[Skip, ...] = ()
    hint: str | None = None
    #: Of an event that is retrieved or listed: the runs that waited for it and took it, the oldest 20.
    taken_by: tuple[StartedRun, ...] = ()


def read_event(shown: Mapping[str, Any], payload: Any = None) -> Event[Any]:
    """The event of the API's event object; `payload` stands in for its plain payload."""
    return Event(
        id=shown["id"],
        name=shown["name"],
        payload=shown.get("payload") if payload is None else payload,
        timestamp=to_datetime(from_iso(shown["timestamp"])),
        event_id=shown.get("event_id") or shown["id"],
        source=shown.get("source"),
        context=shown.get("context"),
        idempotency_key=shown.get("idempotency_key"),
        deliver_at=read_instant(shown.get("deliver_at")),
        delivered_at=read_instant(shown.get("delivered_at")),
        cancelled_at=read_instant(shown.get("cancelled_at")),
        is_test=bool(shown.get("is_test")),
        runs=tuple(StartedRun(run["id"], run["job_id"]) for run in shown.get("runs") or ()),
        rejected=tuple(_rejection(one) for one in shown.get("rejected") or ()),
        skipped=tuple(
            Skip(one["job_id"], one["reason"], one["message"]) for one in shown.get("skipped") or ()
        ),
        hint=shown.get("hint"),
        taken_by=tuple(StartedRun(run["run_id"], run["job_id"]) for run in shown.get("taken_by") or ()),
    )


def read_instant(text: str | None) -> datetime | None:
    """The API's instant as an aware datetime."""
    return None if text is None else to_datetime(from_iso(text))


def _rejection(shown: Mapping[str, Any]) -> Rejection:
    errors = tuple(Problem(one["path"], one["message"]) for one in shown.get("errors") or ())
    return Rejection(shown["job_id"], errors)


class EventMessage(TypedDict, total=False):
    """One event for `client.send_events([...])` and `io.send_events(key, [...])`."""

    name: Required[str]
    payload: Any
    #: Correlation id: may repeat, waits can ask for it.
    id: str | None
    #: A second send with the same key returns the first event unchanged.
    idempotency_key: str | None
    #: When to deliver it, or how long after it arrived.
    deliver_at: datetime | str | None
    delay: Duration | None
    source: str | None
    #: Free data kept beside the payload.
    context: Any


def check_event_name(name: str) -> str:
    """`name`, or `DefinitionError`: 1 to 256 characters, no line breaks or other control characters."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise DefinitionError(
            f"{name!r:.80} is no event name", mend='Use a text of 1 to 256 characters, like "order.created".'
        )
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) <= 0xDFFF for sign in name):
        raise DefinitionError(
            f"the event name {name!r:.80} has control characters", mend="Keep event names on one line."
        )
    return name


def check_listened_name(name: str) -> str:
    """The name of events that a job or a run listens for, or `DefinitionError`: one name, no pattern of several."""
    if "*" in check_event_name(name):
        raise DefinitionError(
            f"{name!r:.80} is the name of one event: * stands for nothing else",
            mend='Name each: event_trigger(["order.paid", "order.shipped"]).',
        )
    return name


def draft(message: EventMessage) -> EventDraft:
    """The event to be sent, checked and encoded. Spans become microseconds, times instants."""
    unknown = set(message) - set(EventMessage.__annotations__)
    if unknown:
        known = ", ".join(EventMessage.__annotations__)
        raise DefinitionError(f"an event has no field {sorted(unknown)[0]!r}", mend=f"Its fields: {known}.")
    name = check_event_name(message.get("name", ""))
    deliver_at, delay = message.get("deliver_at"), message.get("delay")
    if deliver_at is not None and delay is not None:
        raise DefinitionError(f"the event '{name}' has both deliver_at and delay", mend="Give one of them.")
    context = message.get("context")
    return EventDraft(
        id=new_id("evt"),
        name=name,
        payload=encode(message.get("payload", {}), what=f"the payload of event '{name}'"),
        correlation_id=check_text(message.get("id"), f"the id of event '{name}'"),
        idempotency_key=check_text(message.get("idempotency_key"), f"the idempotency key of event '{name}'"),
        source=check_text(message.get("source"), f"the source of event '{name}'"),
        context=None if context is None else encode(context, what=f"the context of event '{name}'"),
        deliver_at=None if deliver_at is None else as_instant(deliver_at),
        delay=None if delay is None else parse_duration(delay),
    )


def drafts(messages: Sequence[EventMessage]) -> tuple[EventDraft, ...]:
    """Several at once; they are sent all or none."""
    if isinstance(messages, Mapping) or not messages:
        raise DefinitionError(
            "send_events got no list of events", mend='Give [{"name": ..., "payload": ...}].'
        )
    return tuple(draft(message) for message in messages)


def request_of(event: EventDraft) -> str:
    """The draft as the body of POST /api/v1/events. The payload is passed on as it was encoded."""
    fields: dict[str, Any] = {
        "name": event.name,
        "id": event.correlation_id,
        "idempotency_key": event.idempotency_key,
        "source": event.source,
        "deliver_at": None if event.deliver_at is None else to_iso(event.deliver_at),
        "delay": None if event.delay is None else event.delay / SECOND,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    head = encode(given, what="the event")[:-1]
    context = "" if event.context is None else f',"context":{event.context}'
    return f'{head},"payload":{event.payload}{context}}}'


def as_instant(moment: datetime | str) -> Instant:
    """The instant of an aware datetime, or of an ISO 8601 text with its zone; `InvalidInstant` otherwise."""
    if isinstance(moment, str):
        return from_iso(moment)
    if isinstance(moment, datetime):
        return from_datetime(moment)
    raise InvalidInstant(f"{moment!r:.80} is not a time")


def check_text(value: str | None, what: str) -> str | None:
    """`value`, or `DefinitionError` when it is no text."""
    if value is not None and not isinstance(value, str):
        raise DefinitionError(f"{what} is {value!r:.80}", mend="It is a text: use str(...).")
    return value


class Events:
    """`client.events`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def retrieve(self, event_id: str) -> Event[Any]:
        """By our id, or by the sender's (then the newest); with the runs it started and the jobs that refused."""
        return read_event(await self._api.call("GET", f"/events/{segment(event_id)}"))

    async def cancel(self, event_id: str) -> Event[Any]:
        """Before its delivery; `Conflict` afterwards."""
        return read_event(await self._api.call("POST", f"/events/{segment(event_id)}/cancel"))

    def list(
        self,
        *,
        name: str | None = None,
        run_id: str | None = None,
        since: datetime | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Listing[Event[Any]]:
        """Events, the newest first: a page when awaited, all of them with `async for`. `run_id`: those of a run, be it
        the one that started it or all that joined it."""
        params = {
            "name": name,
            "run_id": run_id,
            "since": None if since is None else to_iso(as_instant(since)),
            "limit": limit,
            "cursor": cursor,
        }
        return Listing(self._api, "/events", params, read_event)
