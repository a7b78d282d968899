"""`Debounce` and `Batch`: of many calls or events that come shortly after one another, one run."""

from dataclasses import dataclass
from typing import Literal

from mainspring.duration import Duration, parse_duration
from mainspring.errors import DefinitionError
from mainspring.model.joining import EventBatch, EventDebounce
from mainspring.model.runs import DebounceSpec


@dataclass(frozen=True, slots=True)
class Debounce:
    """Given with a call, `await index.trigger(page, debounce=Debounce("5 seconds", key=page.id))`, or for events,
    `event_trigger("page.saved", debounce=Debounce("5 seconds", key="page.id"))`.

    The run starts when no call of the job with this `key` (no event with this value at the path `key` of its payload)
    came for `delay`, and at most `max_delay` after the first; "trailing": with what the last brought, "leading": with
    what the first did. Raises `InvalidDuration` and `DefinitionError`.
    """

    delay: Duration
    #: A call's must be given; events without one are taken together.
    key: str | None = None
    mode: Literal["trailing", "leading"] = "trailing"
    max_delay: Duration | None = None

    def __post_init__(self) -> None:
        of_events = self.for_events()
        if self.key is not None and not (
            isinstance(self.key, str) and 1 <= len(self.key) <= 256 and self.key.isprintable()
        ):
            raise DefinitionError(
                f"{self.key!r:.80} is no debounce key", mend="Use 1 to 256 printable characters."
            )
        if self.mode not in ("trailing", "leading"):
            raise DefinitionError(
                f"the debounce mode is {self.mode!r:.80}", mend='Use "trailing" or "leading".'
            )
        if of_events.max_delay is not None and of_events.max_delay <= of_events.delay:
            raise DefinitionError(
                "the max_delay of a debounce is not longer than its delay",
                mend="Make it longer, or leave it out.",
            )

    def spec(self) -> DebounceSpec:
        """Of a call, as the server is told."""
        if self.key is None:
            raise DefinitionError(
                "the debounce of a call has no key",
                mend='Say what it is about: Debounce("5 s", key=page.id).',
            )
        said = self.for_events()
        return DebounceSpec(self.key, said.delay, said.mode, said.max_delay)

    def for_events(self) -> EventDebounce:
        """Of a trigger, as the server is told."""
        longest = None if self.max_delay is None else parse_duration(self.max_delay)
        return EventDebounce(parse_duration(self.delay), self.key, self.mode, longest)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that gather for one run: `event_trigger("order.paid", batch=Batch(100, "5 seconds", key="shop.id"))`.

    The run's payload is the list of theirs, in the order in which they were accepted. It starts when there are `size`,
    or `timeout` after the first; `key` is a path into the payload, and events with other values there gather apart.
    Raises `InvalidDuration`.
    """

    size: int
    timeout: Duration
    key: str | None = None

    def for_events(self) -> EventBatch:
        """As the server is told."""
        return EventBatch(self.size, parse_duration(self.timeout), self.key)
