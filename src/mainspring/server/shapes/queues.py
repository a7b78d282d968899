"""Queues as the API shows them, and what an operator may say of one."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.views import QueueView, RunInQueue
from mainspring.errors import InvalidQueue
from mainspring.model.queues import MAX_WEIGHT, QueueLimits, limits_from_text, parse_rate
from mainspring.model.runs import RunStatus
from mainspring.server.shapes.bodies import Body
from mainspring.server.shapes.parts import At, at
from mainspring.server.shapes.runs import PendingReasonShape


def _rate(text: str) -> str:
    try:
        return str(parse_rate(text))
    except InvalidQueue as error:
        raise ValueError(str(error)) from None


#: A rate as a text.
RateText = Annotated[
    str, AfterValidator(_rate), Field(description="Starts per span, evenly spread.", examples=["100/minute"])
]


def _count(most: int, mend: str) -> AfterValidator:
    def check(value: int) -> int:
        if not 1 <= value <= most:
            raise ValueError(f"is {value}: give a whole number from 1 to {most:,}{mend}")
        return value

    return AfterValidator(check)


#: How many runs may go on at once.
Count = Annotated[
    int,
    _count(1_000_000, ", or null for no limit; `mainspring queues pause` starts nothing"),
    Field(json_schema_extra={"minimum": 1, "maximum": 1_000_000}),
]
Weight = Annotated[
    int, _count(MAX_WEIGHT, ""), Field(json_schema_extra={"minimum": 1, "maximum": MAX_WEIGHT})
]


class LimitsShape(BaseModel):
    concurrency: int | None = Field(description="Runs at once.")
    per_key: int | None = Field(description="Runs at once of each concurrency key.")
    rate: str | None = Field(examples=["100/1m"])
    key_rate: str | None
    weights: dict[str, int] = Field(description="How much more than 1 a key gets when keys compete.")


class KeyShape(BaseModel):
    key: str = Field(description="Empty for runs without one.")
    taken: int = Field(description="Its runs that have a slot.")


class RunInQueueShape(BaseModel):
    run_id: str
    job_id: str
    key: str | None = Field(description="Its concurrency key.")
    status: RunStatus
    priority: int
    created_at: At


def run_in_queue_shape(run: RunInQueue) -> RunInQueueShape:
    """One that has a slot, or stands in line."""
    return RunInQueueShape(
        run_id=run.id,
        job_id=run.job_id,
        key=run.key or None,
        status=run.status,
        priority=run.priority,
        created_at=to_iso(run.created_at),
    )


class QueueShape(BaseModel):
    name: str = Field(examples=["send-mail"])
    limits: LimitsShape = Field(description="What counts now.")
    declared: LimitsShape = Field(description="What the code says.")
    is_changed: bool = Field(description="An operator set other limits than the code's.")
    paused_at: At | None
    paused_by: str | None
    depth: int = Field(description="Runs that could start now but for limits and workers.")
    oldest_at: At | None = Field(description="When the oldest of them was created.")
    running: int
    admitted: int = Field(description="Runs that have a slot and are not claimed yet.")
    unserved: int = Field(description="Runs set aside because no live worker has their job.")
    is_shared: bool = Field(description="Several jobs stand in it.")
    keys: list[KeyShape] = Field(description="Keys with slots, when one queue is asked for.")
    holders: list[RunInQueueShape] = Field(description="The first runs that have slots, the same.")
    line: list[RunInQueueShape] = Field(
        description="Who is next, the same; of several keys the first of each."
    )


def queue_shape(view: QueueView) -> QueueShape:
    """A queue with its limits and how full it is."""
    queue = view.queue
    return QueueShape(
        name=queue.name,
        limits=_limits_shape(queue.limits),
        declared=_limits_shape(limits_from_text(queue.declared)),
        is_changed=queue.changed is not None,
        paused_at=at(queue.paused_at),
        paused_by=queue.paused_by,
        depth=view.depth,
        oldest_at=at(view.oldest_at),
        running=view.running,
        admitted=view.admitted,
        unserved=view.unserved,
        is_shared=queue.is_shared,
        keys=[KeyShape(key=one.key, taken=one.taken) for one in view.keys],
        holders=[run_in_queue_shape(run) for run in view.holders],
        line=[run_in_queue_shape(run) for run in view.line],
    )


def _limits_shape(limits: QueueLimits) -> LimitsShape:
    return LimitsShape(
        concurrency=limits.concurrency,
        per_key=limits.per_key,
        rate=None if limits.rate is None else str(limits.rate),
        key_rate=None if limits.key_rate is None else str(limits.key_rate),
        weights=limits.weights,
    )


class PauseBody(Body):
    by: str | None = Field(None, max_length=128, description="Shown to whoever asks why a run waits.")


class LimitsBody(Body):
    """What is left out stays as it is; null lifts a limit, whatever the code says."""

    concurrency: Count | None = None
    per_key: Count | None = None
    rate: RateText | None = None
    key_rate: RateText | None = None
    weights: dict[str, Weight] | None = None
    reset: bool = Field(False, description="Forget earlier changes first: the code's limits count.")

    def changes(self) -> dict[str, Any]:
        """The fields that were given, as the engine keeps them."""
        given = self.model_dump(include=self.model_fields_set - {"reset"})
        for name in ("rate", "key_rate"):
            if given.get(name) is not None:
                rate = parse_rate(given[name])
                given[name] = [rate.limit, rate.per, rate.burst]
        return given


class WhyShape(BaseModel):
    run_id: str
    status: RunStatus
    reason: PendingReasonShape | None = Field(description="Null for a run that nothing holds back.")


class EnvironmentLimitBody(Body):
    max_running: Count | None = Field(description="Runs that workers may hold at once; null: any number.")


class EnvironmentLimitShape(BaseModel):
    max_running: int | None
    running: int
