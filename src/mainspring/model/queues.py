"""Queues: what may run at once and how fast, as declared in code and as changed by an operator.

A queue without a limit, a rate, a pause or keyed runs is not governed: its runs are claimable at once, and nothing
is asked of it. In a governed queue a run is held until it is admitted, and takes a slot until its lease ends.
"""

import json
import re
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from typing import Any

from mainspring.clock import Instant
from mainspring.duration import format_duration, parse_duration
from mainspring.errors import InvalidDuration, InvalidQueue

#: Where a run stands in its queue (`Run.slot`): the queue is not governed; held back; held back because no worker
#: has its job; it has a slot; it has one and others of the queue take turns with it.
FREE, HELD, UNSERVED, TAKEN, TAKEN_IN_TURN = 0, 1, 2, 3, 4
#: It is not there yet: another run with its singleton key goes first.
BEHIND = -1

#: How far a key's turn moves when one of its runs is admitted; a key of weight 3 moves a third of it.
TURN = 1_000_000
MAX_KEY = 256
MAX_NAME = 128
MAX_WEIGHT = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many starts per span (microseconds), evenly spread; `burst` of them may come at once."""

    limit: int
    per: int
    burst: int = 1

    @property
    def interval(self) -> int:
        """Between two starts."""
        return max(1, self.per // self.limit)

    def __str__(self) -> str:
        """As `parse_rate` reads it."""
        burst = f" burst {self.burst}" if self.burst != 1 else ""
        return f"{self.limit}/{format_duration(self.per)}{burst}"

    def opens_at(self, spent_until: Instant) -> Instant:
        """When the next start is allowed, given the instant up to which those before have used the rate up."""
        return spent_until - (self.burst - 1) * self.interval

    def allows(self, spent_until: Instant, now: Instant, wanted: int) -> int:
        """How many starts are allowed now, up to `wanted`."""
        tolerance = (self.burst - 1) * self.interval
        spare = now + tolerance - max(spent_until, now)
        return 0 if spare < 0 else min(wanted, spare // self.interval + 1)

    def spend(self, spent_until: Instant, now: Instant, count: int) -> Instant:
        """The instant up to which the rate is used up after so many starts."""
        return max(spent_until, now) + count * self.interval


_RATE = re.compile(r"\s*(\d+)\s*(?:/|per\b)\s*(.+?)(?:\s+burst\s+(\d+))?\s*")


def parse_rate(text: str) -> Rate:
    """ "100/minute", "5 per 10 seconds", "60/hour burst 10". Raises `InvalidQueue`."""
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InvalidQueue(
            f"{text!r:.80} is no rate", mend='Write it like "100/minute" or "5 per 10 seconds".'
        )
    count, span, burst = found.groups()
    try:
        per = parse_duration(span if span[0].isdigit() else f"1 {span}")
    except InvalidDuration as error:
        raise InvalidQueue(
            f"{text!r:.80} is no rate: {error.message}", mend='Write it like "100/minute".'
        ) from None
    rate = Rate(int(count), per, int(burst or 1))
    if min(rate.limit, rate.per, rate.burst) < 1:
        raise InvalidQueue(f"the rate {text!r:.80} allows nothing", mend="Count from 1.")
    return rate


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """What a queue allows; None: no limit of that sort."""

    #: Runs of the queue that hold a lease at once.
    concurrency: int | None = None
    #: The same for each concurrency key.
    per_key: int | None = None
    rate: Rate | None = None
    key_rate: Rate | None = None
    #: How much more than others (1) a key gets when keys compete.
    weights: dict[str, int] = field(default_factory=dict)

    @property
    def is_keyed(self) -> bool:
        return self.per_key is not None or self.key_rate is not None or bool(self.weights)

    @property
    def is_any(self) -> bool:
        return self.is_keyed or self.concurrency is not None or self.rate is not None


NO_LIMITS = QueueLimits()


@lru_cache(maxsize=4096)
def limits_from_text(text: str) -> QueueLimits:
    """Kept limits; equal texts give the same object."""
    return _limits(json.loads(text))


def _limits(facts: dict[str, Any]) -> QueueLimits:
    """Out of plain values; a rate is [limit, per, burst]."""
    rates = {name: Rate(*facts[name]) for name in ("rate", "key_rate") if facts.get(name) is not None}
    return QueueLimits(**{**facts, **rates})


def limits_facts(limits: QueueLimits) -> dict[str, Any]:
    """Limits as plain values, by the names of their fields; those that do not limit are left out."""
    facts: dict[str, Any] = {
        "concurrency": limits.concurrency,
        "per_key": limits.per_key,
        "rate": None if limits.rate is None else astuple(limits.rate),
        "key_rate": None if limits.key_rate is None else astuple(limits.key_rate),
        "weights": limits.weights or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def check_limits(limits: QueueLimits, what: str) -> QueueLimits:
    """The same limits; raises `InvalidQueue` for one that could never admit anything."""
    for name in ("concurrency", "per_key"):
        value = getattr(limits, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise InvalidQueue(f"{name} of {what} is {value!r:.40}", mend="Give a whole number from 1.")
    for name in ("rate", "key_rate"):
        rate = getattr(limits, name)
        if rate is not None and min(rate.limit, rate.per, rate.burst) < 1:
            raise InvalidQueue(f"{name} of {what} allows nothing", mend='Give a rate like "100/minute".')
    for key, weight in limits.weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MAX_WEIGHT:
            message = f"the weight of key {key!r:.40} of {what} is {weight!r:.40}"
            raise InvalidQueue(message, mend=f"Give a whole number from 1 to {MAX_WEIGHT}.")
    return limits


def path_mend(path: object) -> str | None:
    """What to write instead of a path at which no key would ever be found; None for one that is fine."""
    if not isinstance(path, str) or len(path) > MAX_KEY or not path.isprintable() or not all(path.split(".")):
        return 'Say where in the payload the key is found: "customer.id".'
    if path.startswith("payload."):  # or all would silently be of one key
        return f'Paths begin inside the payload: "{path.removeprefix("payload.")}".'
    return None


def key_of(path: str, payload: Any) -> str | None:
    """The concurrency key at a path into a decoded payload ("customer.id"); None where nothing plain is there."""
    value = payload
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) and value != "" else None


def limits_to_text(limits: QueueLimits) -> str:
    return json.dumps(limits_facts(limits), sort_keys=True)


@dataclass(slots=True)
class Queue:
    """One row: a queue of an environment."""

    environment_id: str
    name: str
    #: JSON of the `QueueLimits` that the code declares.
    declared: str
    #: JSON of those fields that an operator set instead; None: the code's count.
    changed: str | None
    #: Some of its runs carry a concurrency key.
    is_keyed: bool
    #: Several jobs stand in it, or several versions of one.
    is_shared: bool
    #: Since when admission is needed, for a limit, a rate, a pause or keys; None: it is not.
    governed_at: Instant | None
    paused_at: Instant | None
    #: Who paused it, as they said.
    paused_by: str | None
    #: The turn of the key that was admitted last.
    turn: int
    #: The rate is used up until this instant.
    spent_until: Instant
    #: When admission must look at the queue without being asked.
    timer_at: Instant | None

    @property
    def limits(self) -> QueueLimits:
        """What counts: the code's declaration under what an operator changed."""
        declared = limits_from_text(self.declared)
        if self.changed is None:
            return declared
        return _overlaid(self.declared, self.changed)

    @property
    def place(self) -> tuple[str, str]:
        return (self.environment_id, self.name)


@lru_cache(maxsize=4096)
def _overlaid(declared: str, changed: str) -> QueueLimits:
    facts = {**json.loads(declared), **json.loads(changed)}
    return _limits({name: value for name, value in facts.items() if value is not None})


def changes_from_text(text: str | None) -> dict[str, Any]:
    """What an operator set, by the names of the fields of `QueueLimits`."""
    return {} if text is None else dict(json.loads(text))


@dataclass(slots=True)
class QueueKey:
    """One row: a concurrency key of a queue whose runs compete, or have just done so."""

    environment_id: str
    queue: str
    key: str
    #: Runs of it are held; the next two are where the first of them stands.
    has_held: bool
    priority: int
    lane: int
    #: The keys' turns: the smallest goes first.
    turn: int
    spent_until: Instant
    #: It has held runs, and its own limit and rate allow one.
    is_open: bool
    #: When its rate allows the next one, where that is what closes it.
    opens_at: Instant | None
