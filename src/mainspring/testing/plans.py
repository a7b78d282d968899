"""Faults that a test plans by the name of a task: attempts that fail, workers that die."""

from collections.abc import Iterable
from dataclasses import dataclass

from mainspring.errors import DefinitionError
from mainspring.model.protocol import TaskAttemptFailed, TaskSucceeded
from mainspring.sdk.names import near
from mainspring.testing.names import names_of
from mainspring.testing.points import Moment, Passing


@dataclass(slots=True)
class Planned:
    """One fault."""

    #: The verb that planned it.
    verb: str
    moment: Moment
    task: str
    #: Only in runs of this job; None: of any.
    job_id: str | None
    #: How often it is still to come.
    times: int
    error: BaseException | type[BaseException] | None = None
    #: How often it came.
    came: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.task, str) or not self.task:
            raise DefinitionError(f"{self.verb}() got the task {self.task!r:.80}", mend="Give a task's key.")
        if not isinstance(self.times, int) or self.times < 1:
            raise DefinitionError(f"{self.verb}() got times={self.times!r:.80}", mend="Give 1 or more.")
        error = self.error
        is_error = isinstance(error, Exception) or (isinstance(error, type) and issubclass(error, Exception))
        if error is not None and not is_error:
            raise DefinitionError(f"{self.verb}() got error={error!r:.80}", mend="Give an exception.")

    def strikes(self, passing: Passing, jobs: dict[str, str]) -> bool:
        """Whether it comes here; counted. `jobs`: of the runs that were seen, their jobs."""
        if self.times == 0 or passing.moment != self.moment:
            return False
        if self.moment == "kept":
            hit = any(
                self._means(item.task.key, jobs.get(run_id))
                for run_id, item in passing.items
                if isinstance(item, TaskSucceeded)
                or (isinstance(item, TaskAttemptFailed) and item.retry_in is None)
            )
        else:
            hit = self._means(passing.key, passing.job_id)
        if hit:
            self.times -= 1
            self.came += 1
        return hit

    def _means(self, key: str, job_id: str | None) -> bool:
        return self.job_id in (None, job_id) and self.task in names_of(key)

    def raised(self) -> BaseException:
        error = self.error
        if error is None:
            return RuntimeError(f"the test made '{self.task}' fail")
        return error() if isinstance(error, type) else error


class Plans:
    """What is planned for one test."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []
        self._jobs: dict[str, str] = {}

    def add(self, planned: Planned) -> None:
        self._planned.append(planned)

    def watch(self, passing: Passing) -> bool:
        """A `Watcher`."""
        if passing.run_id:
            self._jobs[passing.run_id] = passing.job_id
        for planned in self._planned:
            if planned.strikes(passing, self._jobs):
                if planned.verb == "fail":
                    raise planned.raised()
                return True
        return False

    def check(self, keys: Iterable[str]) -> None:
        """`AssertionError` for what never came, or not as often as planned. `keys`: the tasks there were."""
        known = sorted({name for key in keys for name in names_of(key)})
        for planned in self._planned:
            if not planned.times:
                continue
            if planned.task in known:
                why = f"it came {planned.came} times, {planned.times} fewer than planned"
            else:
                why = f"no such task ran{near(planned.task, known)}"
            raise AssertionError(f"mainspring.{planned.verb}({planned.task!r}) did not come to pass: {why}")
