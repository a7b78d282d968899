"""What starts a job, as people write it. Each trigger becomes data that is stored and shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError, InvalidTrigger
from mainspring.model.filters import check_filter
from mainspring.model.jobs import CatchUp, Overlap, TriggerSpec
from mainspring.model.joining import check_joining
from mainspring.model.timetables import check_cron, check_every, check_timezone
from mainspring.sdk.debounce import Batch, Debounce
from mainspring.sdk.events import check_listened_name
from mainspring.sdk.json_text import decode, encode


@dataclass(frozen=True, slots=True)
class Trigger:
    """Made by `event_trigger`, `cron_trigger`, `interval_trigger`, `invoke_trigger`, `client.dynamic_schedule`."""

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
    debounce: Debounce | None = None,
    batch: Batch | None = None,
) -> Trigger:
    """Start the job once for every event called `name` (or one of several names).

    `filter` mirrors the payload and ends in lists, `{"amount": [{"$gte": 100}]}`; `source` asks for the
    event's source; `examples` are payloads to try the job with. `debounce`: the last (or first) of the events that
    come shortly after one another starts it; `batch`: they gather, and it gets the list of their payloads, of which
    `schema` is one. Raises `InvalidTrigger`, `InvalidFilter`.
    """
    names = (name,) if isinstance(name, str) else tuple(name)
    if not names:
        raise InvalidTrigger("event_trigger got no event name")
    try:
        events = tuple(dict.fromkeys(check_listened_name(one) for one in names))
    except DefinitionError as error:
        raise InvalidTrigger(error.message, mend=error.mend) from None
    if filter is not None:
        check_filter(filter)
        # As it will be stored: tuples become lists, dates texts; what cannot be kept is refused here.
        filter = decode(encode(filter, what=f"the filter on '{events[0]}'"))
    if source is not None and not isinstance(source, str):
        raise InvalidTrigger(f"the source of event_trigger({events[0]!r}) is {source!r}, not a text")
    shown = decode(encode(list(examples or ()), what=f"the examples of '{events[0]}'"))
    joining = _joining(debounce, batch, f"event_trigger({events[0]!r:.80})")
    spec = TriggerSpec(
        "event",
        events=events,
        filter=None if filter is None else dict(filter),
        source=source,
        examples=tuple(shown),
        **joining,
    )
    return Trigger(spec, schema if batch is None or schema is None else _listed(schema))


def _joining(debounce: Any, batch: Any, what: str) -> dict[str, Any]:
    """What makes one run of several events."""
    for name, given, kind in (("debounce", debounce, Debounce), ("batch", batch, Batch)):
        if given is not None and not isinstance(given, kind):
            example = 'Debounce("5 seconds")' if kind is Debounce else 'Batch(100, "5 seconds")'
            raise InvalidTrigger(f"{name} of {what} is {given!r:.80}", mend=f"Give {name}={example}.")
    said = {
        "debounce": None if debounce is None else debounce.for_events(),
        "batch": None if batch is None else batch.for_events(),
    }
    check_joining(said["debounce"], said["batch"], what)
    return said


def _listed(schema: Any) -> Any:
    """The schema of a list of what `schema` takes."""
    if not isinstance(schema, Mapping):
        return list[schema]
    one = {name: value for name, value in schema.items() if name != "$defs"}
    shared = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {"type": "array", "items": one, **shared}


def invoke_trigger() -> Trigger:
    """The job starts only when it is called: `job.trigger(...)`, the API, the CLI or the dashboard."""
    return Trigger(TriggerSpec("invoke"))


def cron_trigger(
    expression: str,
    *,
    timezone: str = "UTC",
    catch_up: CatchUp = "none",
    jitter: Duration | None = None,
    overlap: Overlap = "allow",
) -> Trigger:
    """Start the job at every slot of a cron expression: "0 9 * * MON-FRI", six fields with seconds, "@hourly".

    The times are those of the zone, whose clocks may change. `catch_up` says what becomes of slots that came
    while no server was there: "none" of them starts a run, the "last", or "all". `jitter` spreads the runs
    over a span after their slot. `overlap` says what becomes of a slot while a run of the schedule is still under
    way: it is "allow"ed beside it, "skip"ped, or "cancel"s it. Raises `InvalidTrigger`, `InvalidDuration`.
    """
    what = f"cron_trigger({expression!r:.80})"
    check_rules(what, catch_up, overlap)
    spec = TriggerSpec(
        "cron",
        cron=check_cron(expression),
        timezone=check_timezone(timezone),
        catch_up=catch_up,
        jitter=None if jitter is None else parse_duration(jitter),
        overlap=overlap,
    )
    return Trigger(spec)


def interval_trigger(
    every: Duration,
    *,
    catch_up: CatchUp = "none",
    jitter: Duration | None = None,
    overlap: Overlap = "allow",
) -> Trigger:
    """Start the job again and again, "5 minutes" apart, counted from when a worker first registered it.

    The options are those of `cron_trigger`. Raises `InvalidTrigger`, `InvalidDuration`.
    """
    check_rules(f"interval_trigger({every!r:.80})", catch_up, overlap)
    spec = TriggerSpec(
        "interval",
        every=check_every(parse_duration(every)),
        catch_up=catch_up,
        jitter=None if jitter is None else parse_duration(jitter),
        overlap=overlap,
    )
    return Trigger(spec)


def check_rules(what: str, catch_up: CatchUp, overlap: Overlap) -> None:
    """Raises `InvalidTrigger` for words that are none of theirs."""
    for name, value, words in (("catch_up", catch_up, CatchUp), ("overlap", overlap, Overlap)):
        if value not in get_args(words):
            *most, last = (f'"{word}"' for word in get_args(words))
            raise InvalidTrigger(
                f"the {name} of {what} is {value!r:.80}", mend=f"Use {', '.join(most)} or {last}."
            )


@dataclass(frozen=True, slots=True)
class ScheduledTick:
    """The payload of a run that a schedule started."""

    #: The slot: when the run was due.
    timestamp: datetime
    #: The slot before it; None for the first.
    last_timestamp: datetime | None
    timezone: str
    schedule_id: str
    #: Whose schedule it is, as it was registered with `dynamic_schedule(...).register`.
    external_id: str | None = None
    #: The next slots.
    upcoming: tuple[datetime, ...] = ()
    #: Key and metadata that it was registered with.
    key: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


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
