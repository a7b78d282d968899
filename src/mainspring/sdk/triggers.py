"""What starts a job, as people write it. Each trigger becomes data that is stored and shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError, InvalidTrigger
from mainspring.model.filters import check_filter
from mainspring.model.jobs import CatchUp, TriggerSpec
from mainspring.model.timetables import check_cron, check_every, check_timezone
from mainspring.sdk.events import check_event_name
from mainspring.sdk.json_text import decode, encode


@dataclass(frozen=True, slots=True)
class Trigger:
    """Made by `event_trigger`, `cron_trigger`, `interval_trigger` and `invoke_trigger`."""

    spec: TriggerSpec
    #: A model or JSON Schema for the payload, where the job itself says nothing.
    schema: Any = field(default=None, compare=False)


def event_trigger(
    name: str | Sequence[str],
    *,
    schema: Any = None,
    filter: Mapping[str, Any] | None = None,
    source: str | None = None,
    examples: Sequence[Mapping[str, Any]] | None = None,
) -> Trigger:
    """Start the job once for every event called `name` (or one of several names).

    `filter` mirrors the payload and ends in lists, `{"amount": [{"$gte": 100}]}`; `source` asks for the
    event's source; `examples` are payloads to try the job with. Raises `InvalidTrigger`, `InvalidFilter`.
    """
    names = (name,) if isinstance(name, str) else tuple(name)
    if not names:
        raise InvalidTrigger("event_trigger got no event name")
    try:
        events = tuple(dict.fromkeys(check_event_name(one) for one in names))
    except DefinitionError as error:
        raise InvalidTrigger(error.message, mend=error.mend) from None
    if filter is not None:
        check_filter(filter)
        # As it will be stored: tuples become lists, dates texts; what cannot be kept is refused here.
        filter = decode(encode(filter, what=f"the filter on '{events[0]}'"))
    if source is not None and not isinstance(source, str):
        raise InvalidTrigger(f"the source of event_trigger({events[0]!r}) is {source!r}, not a text")
    shown = decode(encode(list(examples or ()), what=f"the examples of '{events[0]}'"))
    spec = TriggerSpec(
        "event",
        events=events,
        filter=None if filter is None else dict(filter),
        source=source,
        examples=tuple(shown),
    )
    return Trigger(spec, schema)


def invoke_trigger() -> Trigger:
    """The job starts only when it is called: `job.trigger(...)`, the API, the CLI or the dashboard."""
    return Trigger(TriggerSpec("invoke"))


def cron_trigger(
    expression: str, *, timezone: str = "UTC", catch_up: CatchUp = "none", jitter: Duration | None = None
) -> Trigger:
    """Start the job at every slot of a cron expression: "0 9 * * MON-FRI", six fields with seconds, "@hourly".

    The times are those of the zone, whose clocks may change. `catch_up` says what becomes of slots that came
    while no server was there: "none" of them starts a run, the "last", or "all". `jitter` spreads the runs
    over a span after their slot. Raises `InvalidTrigger`, `InvalidDuration`.
    """
    if catch_up not in get_args(CatchUp):
        raise InvalidTrigger(
            f"the catch_up of cron_trigger({expression!r:.80}) is {catch_up!r:.80}",
            mend='Use "none", "last" or "all".',
        )
    spec = TriggerSpec(
        "cron",
        cron=check_cron(expression),
        timezone=check_timezone(timezone),
        catch_up=catch_up,
        jitter=None if jitter is None else parse_duration(jitter),
    )
    return Trigger(spec)


def interval_trigger(every: Duration) -> Trigger:
    """Start the job again and again, "5 minutes" apart, counted from when a worker first registered it.

    Raises `InvalidTrigger`, `InvalidDuration`.
    """
    return Trigger(TriggerSpec("interval", every=check_every(parse_duration(every))))


@dataclass(frozen=True, slots=True)
class ScheduledTick:
    """The payload of a run that a schedule started."""

    #: The slot: when the run was due.
    timestamp: datetime
    #: The slot before it; None for the first.
    last_timestamp: datetime | None
    timezone: str
    schedule_id: str
    external_id: str | None = None
    #: The next slots.
    upcoming: tuple[datetime, ...] = ()


def as_triggers(given: Trigger | Iterable[Trigger] | None) -> tuple[Trigger, ...]:
    """What `trigger=` was given: none, one or several. Raises `InvalidTrigger`."""
    if given is None:
        return ()
    triggers = (
        (given,) if isinstance(given, Trigger | str) or not isinstance(given, Iterable) else tuple(given)
    )
    for one in triggers:
        if not isinstance(one, Trigger):
            raise InvalidTrigger(f"{one!r:.80} is not a trigger")
    return tuple(triggers)
