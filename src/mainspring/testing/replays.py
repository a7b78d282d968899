"""A run that was recorded, led over today's code: whether the code still fits it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainspring.errors import BadRequest, RunError
from mainspring.preflight.aside import run_aside
from mainspring.preflight.findings import Difference, mend_of
from mainspring.preflight.histories import History, load_history
from mainspring.preflight.judge import Untold, judge
from mainspring.sdk.job import Job
from mainspring.worker.rehearsal import Scene

#: Seconds beyond the body's own patience after which it counts as blocked.
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay: true when the code fits the run."""

    is_compatible: bool
    #: The first difference: its kind (see `mainspring check`), the task it is about, in words, and what can be done.
    kind: str | None = None
    task: str | None = None
    message: str = ""
    mend: str = ""

    def __bool__(self) -> bool:
        return self.is_compatible

    def __str__(self) -> str:
        return "the code fits the run" if self.is_compatible else f"{self.kind}: {self.message}. {self.mend}"


def replay(
    run_history: Mapping[str, Any] | str | Path, job: Job[..., Any, Any], *, patience: float = 5.0
) -> Replayed:
    """Lead the job as it is now over a recorded run: `assert replay("fulfil.json", fulfil), "..."`.

    `run_history` is what `GET /api/v1/runs/{id}/checkpoints` or `mainspring runs checkpoints RUN --json` say of a
    run: a dict, its JSON text, or the path of a file. Finished tasks answer from it; nothing is called, sent or kept
    beyond it; plain code outside of tasks runs, `patience` seconds at most. Works with and without an event loop.

    Raises `BadRequest` for something else than a history of this job, `RunError` when it cannot be told (it is
    encrypted with a key that the job's client has not), `TimeoutError` for a function that blocks.
    """
    history = load_history(run_history, job.sealing)
    if history.claimed.job_id != job.id:
        raise BadRequest(f"this is the history of a run of job '{history.claimed.job_id}', not of '{job.id}'")
    try:
        found = run_aside(lambda: _judged(history, job, patience), patience + _GRACE)
    except Untold as reason:
        raise RunError(f"whether the code fits run {history.run_id} cannot be told: {reason}") from None
    if found is None:
        return Replayed(True)
    return Replayed(False, found.kind, found.task, found.message, mend_of(found.kind, job.id))


async def _judged(history: History, job: Job[..., Any, Any], patience: float) -> Difference | None:
    return await judge(history, job, Scene(history.project, history.environment, patience))
