"""What starts a job, as people write it. Each trigger becomes data that is stored and shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainspring.errors import DefinitionError, InvalidTrigger
from mainspring.model.filters import check_filter
from mainspring.model.jobs import TriggerSpec
from mainspring.sdk.events import check_event_name
from mainspring.sdk.json_text import decode, encode


@dataclass(frozen=True, slots=True)
class Trigger:
    """Made by `event_trigger` and `invoke_trigger`."""

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
