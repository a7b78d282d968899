"""Events as the API shows them."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from mainspring.clock import to_iso
from mainspring.engine.commands import EventSent
from mainspring.engine.views import EventView
from mainspring.model.events import Event, Rejection, Skip, SkipReason
from mainspring.model.runs import RunStatus
from mainspring.server.problems import FieldProblem
from mainspring.server.shapes.bodies import Body
from mainspring.server.shapes.parts import At, Json, at, value_of


class StartedRunShape(BaseModel):
    id: str
    job_id: str
    #: Left out of the answer to sending: it has just begun.
    status: RunStatus | None = Field(default=None, exclude_if=lambda status: status is None)


class TakenShape(BaseModel):
    """A wait of a run (`io.wait_for_event`) that took the event."""

    run_id: str
    job_id: str
    status: RunStatus
    task_key: str


class RejectionShape(BaseModel):
    """A job that listens, and why its schema refused the event."""

    job_id: str
    errors: list[FieldProblem]


class SkipShape(BaseModel):
    """A job that listens for events of this name, and why this one started no run of it."""

    job_id: str
    reason: SkipReason
    message: str


class EventShape(BaseModel):
    id: str = Field(description="The sender's correlation id when one was given, else ours.")
    event_id: str = Field(description="Ours, unique.", examples=["evt_06F1ZC0G3M8Q2V5X7Y9B1D4H6K"])
    name: str
    payload: Json
    timestamp: At = Field(description="When it arrived.")
    source: str | None
    context: Json
    idempotency_key: str | None
    deliver_at: At
    delivered_at: At | None
    cancelled_at: At | None
    is_test: bool
    runs: list[StartedRunShape]
    taken_by: list[TakenShape] | None = Field(
        default=None,
        exclude_if=lambda taken_by: taken_by is None,
        description="The runs that waited for it and took it, the oldest 20; not in the answer to sending.",
    )
    taken_by_more: bool = Field(
        default=False, exclude_if=lambda more: not more, description="True where more than 20 runs took it."
    )
    rejected: list[RejectionShape]
    skipped: list[SkipShape] = Field(
        description="Where one event is asked for: all jobs that listen for the name, as they are registered now."
    )
    hint: str | None = Field(
        description="What may be meant where no job listens for the name and no run took it."
    )


class ReplayEventBody(Body):
    payload: Json = Field(None, description="In place of the event's own; left out: the same again.")


def rejections_shape(rejections: Sequence[Rejection]) -> list[RejectionShape]:
    """Refusals with their fields."""
    return [
        RejectionShape(
            job_id=rejection.job_id,
            errors=[FieldProblem(path=problem.path, message=problem.message) for problem in rejection.errors],
        )
        for rejection in rejections
    ]


def sent_shape(sent: EventSent) -> EventShape:
    """The answer to sending."""
    runs = [StartedRunShape(id=run.id, job_id=run.job_id) for run in sent.runs]
    return _shape(sent.event, runs, sent.rejections, sent.skips)


def event_shape(view: EventView) -> EventShape:
    """An event with the runs it started, as they are now."""
    runs = [StartedRunShape(id=run.id, job_id=run.job_id, status=run.status) for run in view.runs]
    shown = _shape(view.event, runs, view.rejections, view.skips, view.hint)
    shown.taken_by = [
        TakenShape(run_id=one.run_id, job_id=one.job_id, status=one.status, task_key=one.task_key)
        for one in view.takers
    ]
    shown.taken_by_more = view.has_more_takers
    return shown


def _shape(
    event: Event,
    runs: list[StartedRunShape],
    rejections: Sequence[Rejection],
    skips: Sequence[Skip],
    hint: str | None = None,
) -> EventShape:
    return EventShape(
        id=event.correlation_id or event.id,
        event_id=event.id,
        name=event.name,
        payload=value_of(event.payload),
        timestamp=to_iso(event.received_at),
        source=event.source,
        context=value_of(event.context),
        idempotency_key=event.idempotency_key,
        deliver_at=to_iso(event.deliver_at),
        delivered_at=at(event.delivered_at),
        cancelled_at=at(event.cancelled_at),
        is_test=event.is_test,
        runs=runs,
        rejected=rejections_shape(rejections),
        skipped=[SkipShape(job_id=one.job_id, reason=one.reason, message=one.message) for one in skips],
        hint=hint,
    )
