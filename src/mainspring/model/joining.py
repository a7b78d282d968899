"""Events that become one run: the last or first of those that come shortly after one another, or all that gather."""

from dataclasses import dataclass
from typing import Any, Literal

from mainspring.duration import format_duration
from mainspring.errors import InvalidTrigger
from mainspring.model.queues import key_of, path_mend

#: So many events make one run at most, whatever a trigger asks for.
MAX_BATCH = 10_000
#: How the keys of runs that events join begin: no call can give such a key, which is printable.
DEBOUNCED, GATHERED = "\x1edebounced:", "\x1egathered:"


@dataclass(frozen=True, slots=True)
class EventDebounce:
    """Of the events with one key that come within `delay` of each other a single run comes. Microseconds."""

    delay: int
    #: Where in the payload the key is found: "page.id"; None: all events of the trigger together.
    key: str | None = None
    #: Whether the run is that of the last event, or of the first.
    mode: Literal["trailing", "leading"] = "trailing"
    #: How long events may put it off, from the first one; None: for ever.
    max_delay: int | None = None


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events with one key gather for one run, which has the list of their payloads."""

    #: As soon as there are so many the run starts,
    size: int
    #: and at the latest so many microseconds after the first.
    timeout: int
    key: str | None = None


def check_joining(debounce: EventDebounce | None, batch: EventBatch | None, what: str) -> None:
    """Raises `InvalidTrigger` for what could never be meant."""
    if debounce is not None and batch is not None:
        raise InvalidTrigger(f"{what} has both debounce and batch", mend="Give one of them.")
    if debounce is not None:
        if debounce.delay < 1:
            raise InvalidTrigger(
                f"the delay of the debounce of {what} is 0", mend="Give a span, or no debounce."
            )
        if debounce.max_delay is not None and debounce.max_delay <= debounce.delay:
            longest, delay = format_duration(debounce.max_delay), format_duration(debounce.delay)
            raise InvalidTrigger(
                f"the max_delay of the debounce of {what} ({longest}) is not longer than its delay ({delay})",
                mend="Make it longer, or leave it out.",
            )
    if batch is not None:
        if (
            isinstance(batch.size, bool)
            or not isinstance(batch.size, int)
            or not 1 <= batch.size <= MAX_BATCH
        ):
            raise InvalidTrigger(
                f"the size of the batch of {what} is {batch.size!r:.40}",
                mend=f"Give a whole number from 1 to {MAX_BATCH}.",
            )
        if batch.timeout < 1:
            raise InvalidTrigger(
                f"the timeout of the batch of {what} is 0",
                mend="Give the span after which the run starts with fewer events.",
            )
    joining = debounce or batch
    if joining is not None and joining.key is not None:
        _check_path(joining.key, what)


def _check_path(path: Any, what: str) -> None:
    if mend := path_mend(path):
        raise InvalidTrigger(f"{path!r:.80} is no key for {what}", mend=mend)


def window_of(joining: EventDebounce | EventBatch, ordinal: int, payload: Any, *, is_test: bool) -> str:
    """The key of the run that an event joins: of its trigger (by number), apart for events that only try the job."""
    kind = DEBOUNCED if isinstance(joining, EventDebounce) else GATHERED
    key = None if joining.key is None else key_of(joining.key, payload)
    return f"{kind}{ordinal}{'t' if is_test else ''}:{key or ''}"


def gathers(debounce_key: str | None) -> bool:
    """Whether a run, by its debounce key, has the events of a batch."""
    return debounce_key is not None and debounce_key.startswith(GATHERED)


def joins_events(debounce_key: str | None) -> bool:
    """Whether a run, by its debounce key, is one that events join."""
    return debounce_key is not None and debounce_key.startswith((DEBOUNCED, GATHERED))
