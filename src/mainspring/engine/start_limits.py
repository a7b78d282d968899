"""Rate limits that refuse: a start that is too many is not kept, and whoever asks is told when to ask again.

What a job's starts have used up is one row per key, held until the batch commits, so that it is exact on any number of
servers. A queue's rate lets runs wait instead: see `admission.py`.
"""

from typing import Any

from mainspring.clock import SECOND, Instant
from mainspring.codec import decode
from mainspring.duration import format_duration
from mainspring.engine.batch import Batch
from mainspring.errors import TooManyStarts
from mainspring.model.events import Event, Skip
from mainspring.model.jobs import JobSpec
from mainspring.model.queues import MAX_KEY, key_of
from mainspring.model.runs import RunDraft

#: With each new key so many are forgotten that are as good as new.
_FORGOTTEN_AT_ONCE = 10

#: Environment, job and key.
Place = tuple[str, str, str]


class StartCount:
    """The starts of one call: all are counted, or none; none `exempt`, of a replay or a schedule, is."""

    def __init__(self, batch: Batch, environment_id: str, *, exempt: str | None) -> None:
        self._batch = batch
        self._environment_id = environment_id
        self._is_counted = exempt is None
        self._counted: dict[Place, Instant] = {}

    def refusal(self, spec: JobSpec, draft: RunDraft) -> TooManyStarts | None:
        """Counts one; why it is too many."""
        if spec.start_limit is None or not self._is_counted:
            return None
        place = (self._environment_id, spec.id, _key(spec, decode(draft.payload)))
        opens_at = _count(self._batch, spec, place, self._counted)
        if opens_at is None:
            return None
        span = opens_at - self._batch.now
        mend = f"Start it again in {format_duration(span)}, or raise its rate_limit."
        return TooManyStarts(_message(spec, place[2]), mend=mend, retry_after=span / SECOND)

    def keep(self) -> None:
        """None was refused."""
        _keep(self._batch, self._counted)


def refused_event(batch: Batch, event: Event, spec: JobSpec, payload: Any) -> Skip | None:
    """Counts the start that an event asks for. Why there is none."""
    counted: dict[Place, Instant] = {}
    place = (event.environment_id, spec.id, _key(spec, payload))
    opens_at = _count(batch, spec, place, counted)
    if opens_at is not None:
        span = format_duration(opens_at - batch.now)
        return Skip(
            spec.id, "rate", f"{_message(spec, place[2])}: the next one may start {span} after this event"
        )
    _keep(batch, counted)
    return None


def _key(spec: JobSpec, payload: Any) -> str:
    path = None if spec.start_limit is None else spec.start_limit.key
    return "" if path is None else (key_of(path, payload) or "")[:MAX_KEY]


def _count(batch: Batch, spec: JobSpec, place: Place, counted: dict[Place, Instant]) -> Instant | None:
    """When the rate opens again, if it is used up; else the start is counted, and None."""
    assert spec.start_limit is not None
    rate = spec.start_limit.rate
    spent_until = counted[place] if place in counted else _spent_until(batch, place)
    if rate.allows(spent_until, batch.now, 1) == 0:
        return rate.opens_at(spent_until)
    counted[place] = rate.spend(spent_until, batch.now, 1)
    return None


def _spent_until(batch: Batch, place: Place) -> Instant:
    if place not in batch.start_rates:
        values = dict(zip(("environment_id", "job_id", "key"), place, strict=True))
        if batch.tx.run("insert_start_rate", **values):
            job = {"environment_id": place[0], "job_id": place[1]}
            batch.tx.run("forget_start_rates", **job, now=batch.now - SECOND, limit=_FORGOTTEN_AT_ONCE)
            batch.tx.run("insert_start_rate", **values)
        (spent_until,) = batch.tx.row("start_rate_to_change", **values) or (0,)
        batch.start_rates[place] = spent_until
    return batch.start_rates[place]


def _keep(batch: Batch, counted: dict[Place, Instant]) -> None:
    batch.start_rates.update(counted)
    for (environment_id, job_id, key), spent_until in counted.items():
        row = {"environment_id": environment_id, "job_id": job_id, "key": key, "spent_until": spent_until}
        batch.later("save_start_rate", row)


def _message(spec: JobSpec, key: str) -> str:
    assert spec.start_limit is not None
    rate = spec.start_limit.rate
    of_key = f" for the key '{key[:60]}'" if spec.start_limit.key is not None else ""
    return f"the job '{spec.id}' starts {rate.limit} times in {format_duration(rate.per)}{of_key}, and has done so"
