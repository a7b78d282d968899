"""Queues as people declare them, and `client.queues`: what the server knows of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, Unpack

from mainspring.errors import InvalidQueue
from mainspring.model.queues import MAX_NAME, QueueLimits, Rate, check_limits, parse_rate, path_mend
from mainspring.sdk.api import Api, Listing, segment
from mainspring.sdk.events import read_instant
from mainspring.sdk.json_text import encode


@dataclass(frozen=True, slots=True)
class Queue:
    """Where runs stand: `client.job(queue=Queue("mail", concurrency=10))`; jobs that name one queue share it.

    `concurrency` runs hold a slot at once, `per_key` of each concurrency key. `rate` and `key_rate`: starts per
    span, evenly spread, like "100/minute" or "5 per 10 seconds burst 3". `weights`: how much more than 1 a key gets
    when keys compete. Without a name it is the job's own.
    """

    name: str | None = None
    concurrency: int | None = None
    per_key: int | None = None
    rate: str | None = None
    key_rate: str | None = None
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many runs of a job hold a slot at once: all in all (`limit`), and of each concurrency key (`per_key`).

    `key` is where in the payload the key is found: "customer.id". A key given to `trigger` goes before it.
    """

    limit: int | None = None
    per_key: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """What a job says of its queue: its name, the limits it declares, and where concurrency keys come from."""

    name: str | None
    limits: QueueLimits | None
    key: str | None


def read_queue(queue: Any, concurrency: Any, what: str) -> QueueSpec:
    """`queue=` and `concurrency=` of a job. Raises `InvalidQueue`."""
    if queue is None or isinstance(queue, str):
        queue = Queue(queue)
    if isinstance(concurrency, int) and not isinstance(concurrency, bool):
        concurrency = Concurrency(concurrency)
    if not isinstance(queue, Queue):
        raise InvalidQueue(
            f"the queue of {what} is {queue!r:.80}", mend='Give a name, or Queue("name", concurrency=10).'
        )
    if not isinstance(concurrency, Concurrency | None):
        raise InvalidQueue(
            f"concurrency of {what} is {concurrency!r:.80}",
            mend="Give a whole number from 1, or Concurrency(...).",
        )
    if queue.name is not None and not (
        isinstance(queue.name, str) and 0 < len(queue.name.strip()) <= MAX_NAME
    ):
        raise InvalidQueue(
            f"{queue.name!r:.140} is no name for the queue of {what}",
            mend=f"It has 1 to {MAX_NAME} characters.",
        )
    said = concurrency or Concurrency()
    limits = check_limits(
        QueueLimits(
            _one("concurrency", queue.concurrency, said.limit, what),
            _one("per_key", queue.per_key, said.per_key, what),
            _rate(queue.rate),
            _rate(queue.key_rate),
            dict(queue.weights),
        ),
        what,
    )
    if said.key is not None and (mend := path_mend(said.key)):
        raise InvalidQueue(f"the key of {what} is {said.key!r:.80}", mend=mend)
    return QueueSpec(queue.name, limits if limits.is_any else None, said.key)


def _one(name: str, first: int | None, second: int | None, what: str) -> int | None:
    if first is not None and second is not None and first != second:
        raise InvalidQueue(f"{what} says {name} twice: {first} and {second}", mend="Say it once.")
    return first if second is None else second


def _rate(text: str | None) -> Rate | None:
    return None if text is None else parse_rate(text)


def check_queues(specs: Mapping[str, Any], job: Any) -> None:
    """Jobs of a client that declare one queue differently. Raises `InvalidQueue` that says both."""
    for other in specs.values():
        one, two = other.spec(), job.spec()
        if (
            one.queue_name == two.queue_name
            and None not in (one.limits, two.limits)
            and one.limits != two.limits
        ):
            raise InvalidQueue(
                f"the queue '{one.queue_name}' is declared in two ways: at {other.definition.place} and at "
                f"{job.definition.place}",
                mend="Make one Queue(...) and give it to both jobs.",
            )


# ── on the server ────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class ShownQueue:
    """A queue on the server. `shown` is all that the API said."""

    name: str
    #: Runs that could start now but for limits and workers.
    depth: int
    running: int
    #: The limits that count, by name; rates as texts.
    limits: Mapping[str, Any]
    paused_at: datetime | None
    oldest_at: datetime | None
    shown: Mapping[str, Any]


def _read(shown: Mapping[str, Any]) -> ShownQueue:
    return ShownQueue(
        shown["name"],
        shown["depth"],
        shown["running"],
        shown["limits"],
        read_instant(shown["paused_at"]),
        read_instant(shown["oldest_at"]),
        shown,
    )


class LimitChanges(TypedDict, total=False):
    """What `Queues.change` takes; the words are there."""

    concurrency: int | None
    per_key: int | None
    rate: str | None
    key_rate: str | None
    weights: Mapping[str, int] | None
    reset: bool


class Queues:
    """`client.queues`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> Listing[ShownQueue]:
        """All of them, by name."""
        return Listing(self._api, "/queues", {}, _read)

    async def retrieve(self, name: str) -> ShownQueue:
        """The queue; `NotFound` when no job stands in one of that name."""
        return _read(await self._api.call("GET", f"/queues/{segment(name)}"))

    async def pause(self, name: str, *, by: str | None = None) -> ShownQueue:
        """Start nothing of it until it is resumed; what runs goes on. `by` is shown to whoever asks why."""
        body = encode({} if by is None else {"by": by}, what="body")
        return _read(await self._api.call("POST", f"/queues/{segment(name)}/pause", body=body))

    async def resume(self, name: str) -> ShownQueue:
        """Go on."""
        return _read(await self._api.call("POST", f"/queues/{segment(name)}/resume"))

    async def change(self, name: str, **limits: Unpack[LimitChanges]) -> ShownQueue:
        """Set other limits than the code's, at once; None lifts one, `reset=True` goes back to the code's first.

        `concurrency` and `per_key` are runs at once, `rate` and `key_rate` texts like "100/minute".
        A lower limit ends nothing that runs. Raises `NotFound`, and `BadRequest` for a limit below 1.
        """
        unknown = set(limits) - set(LimitChanges.__annotations__)
        if unknown:
            raise TypeError(f"change() got an unexpected keyword argument '{sorted(unknown)[0]}'")
        body = encode(dict(limits), what="limits")
        return _read(await self._api.call("PATCH", f"/queues/{segment(name)}", body=body))
