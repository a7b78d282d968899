"""Runs that were started to be waited for: what each came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mainspring.errors import RunFailed
from mainspring.model.failures import Failure
from mainspring.model.runs import RunStatus
from mainspring.sdk.annotations import Restore

OutputT_co = TypeVar("OutputT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class RunResult(Generic[OutputT_co]):
    """How a run ended. `output` is what its job returned, `error` why there is none."""

    ok: bool
    output: OutputT_co | None
    error: Failure | None
    run_id: str
    #: SUCCESS FAILED CANCELLED TIMED_OUT or EXPIRED.
    status: RunStatus
    job_id: str

    def unwrap(self) -> OutputT_co:
        """The output; raises `RunFailed`, which names the run, when there is none."""
        if not self.ok:
            failure = self.error if self.status in ("FAILED", "TIMED_OUT") else None
            raise run_failed(self.run_id, self.job_id, self.status, failure)
        output: OutputT_co = self.output  # type: ignore[assignment]  # None only where the job returns None
        return output


def run_failed(run_id: str, job_id: str, status: RunStatus, failure: Failure | None) -> RunFailed:
    """The error for a run that ended without success."""
    why = f": {failure.message}" if failure is not None else ""
    return RunFailed(
        f"job '{job_id}' ended as {status}{why} ({run_id})",
        run_id=run_id,
        status=status,
        failure=failure,
    )


def read_result(shown: Mapping[str, Any], job_id: str, restore: Restore | None) -> RunResult[Any]:
    """The outcome of a wait for a run: `{"run_id", "status", "output", "error"}`, the error as it is kept."""
    status: RunStatus = shown["status"]
    run_id = str(shown["run_id"])
    if status == "SUCCESS":
        output = shown["output"]
        return RunResult(True, output if restore is None else restore(output), None, run_id, status, job_id)
    kept = shown.get("error")
    return RunResult(
        False, None, Failure(**kept) if kept else _unexplained(run_id, job_id, status), run_id, status, job_id
    )


def result_of_failed(failed: RunFailed, job_id: str) -> RunResult[Any]:
    """The result of a run whose end was told by `RunFailed`."""
    status: RunStatus = failed.status  # type: ignore[assignment]  # it is given one of them
    error = failed.failure or _unexplained(failed.run_id, job_id, status)
    return RunResult(False, None, error, failed.run_id, status, job_id)


def _unexplained(run_id: str, job_id: str, status: RunStatus) -> Failure:
    """For runs that no error ended: cancelled, expired."""
    failed = run_failed(run_id, job_id, status, None)
    return Failure(type(failed).__name__, failed.message, failed.code)
