"""Circuit breakers as the API shows them, and what an operator may say of one."""

from pydantic import BaseModel, Field

from mainspring.engine.breaker_reads import in_words
from mainspring.engine.views import BreakerView
from mainspring.model.breakers import BreakerState
from mainspring.server.shapes.bodies import Body, Span
from mainspring.server.shapes.parts import At, at, seconds


class BreakerShape(BaseModel):
    name: str = Field(examples=["gateway"])
    state: BreakerState
    failed: int = Field(description="Failures in a row.")
    failures: int = Field(description="After so many it opens, as the code that asked last has it.")
    reset: float | None = Field(description="Seconds after which an open one lets one attempt through.")
    opened_at: At | None
    opened_by: str | None = Field(description="Who opened it by hand.")
    probe_at: At | None = Field(
        description="From when on one attempt is let through; null while it is open: not before it is reset."
    )
    probe_run_id: str | None = Field(description="The run whose attempt is let through alone.")
    probe_task: str | None
    held: int = Field(description="Tasks that it holds.")
    first_run_id: str | None = Field(description="The run of the task that has waited longest: probes next.")
    message: str = Field(description="All that in words.")


def breaker_shape(view: BreakerView) -> BreakerShape:
    """A breaker with how many tasks it holds."""
    breaker = view.breaker
    return BreakerShape(
        name=breaker.name,
        state=breaker.state,
        failed=breaker.failed,
        failures=breaker.failures,
        reset=seconds(breaker.reset),
        opened_at=at(breaker.opened_at),
        opened_by=breaker.opened_by,
        probe_at=at(breaker.probe_at),
        probe_run_id=breaker.probe_run_id,
        probe_task=breaker.probe_task_key,
        held=view.held,
        first_run_id=view.first_run_id,
        message=in_words(breaker, view.first_run_id),
    )


class OpenBody(Body):
    timeout: Span | None = Field(
        None, description="After it one attempt is let through; left out: it stays open until it is reset."
    )
    by: str | None = Field(None, max_length=128, description="Shown to whoever asks why a run waits.")
