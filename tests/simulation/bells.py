"""Circuit breakers, held against every commit: an open one lets nobody in but its probe, and forgets nobody."""

from collections.abc import Callable

from mainspring.model.breakers import Breaker, breaker_channel
from mainspring.model.tasks import Task
from mainspring.storage.shapes import BREAKER
from simulation.tables import Change, Tables, TaskId

_COLUMNS = ", ".join(BREAKER.columns)
#: The tasks that ask; all of them share one breaker per environment.
JOB, KEY = "ring", "bell"


class Bells:
    """Of the tasks of one job, all of which have the same breaker."""

    def __init__(self, tables: Tables, hold: Callable[..., None]) -> None:
        self._tables = tables
        self._hold = hold
        self._before: dict[str, Breaker] = {}
        #: By environment: who was let in since it opened, with the lease.
        self._let_in: dict[str, dict[TaskId, int]] = {}

    def breakers(self) -> list[Breaker]:
        return BREAKER.values(self._tables.rows(f"select {_COLUMNS} from breakers"))

    def committed(self, change: Change) -> None:
        breakers = {one.environment_id: one for one in self.breakers()}
        for environment_id, breaker in breakers.items():
            before = self._before.get(environment_id)
            if before is None or before.opened_at != breaker.opened_at:
                self._let_in[environment_id] = {}
        for place, (was, task) in change.tasks.items():
            if task is not None and self._asks(task) and _begins(was, task):
                self._begins(place, task, breakers[task.environment_id])
        for breaker in breakers.values():
            self._one_at_a_time(breaker)
            self._stands(breaker)
        self._before = breakers

    def _asks(self, task: Task) -> bool:
        return task.key == KEY and self._tables.runs[task.run_id].job_id == JOB and task.kept_from is None

    def _begins(self, place: TaskId, task: Task, breaker: Breaker) -> None:
        before = self._before.get(task.environment_id)
        if before is None or before.opened_at is None or breaker.opened_at is None:
            return  # it was closed, or came to be
        self._hold(breaker.is_probe(*place), "BREAKER", "begun while it is open", task, before, breaker)
        self._let_in[task.environment_id][place] = self._tables.runs[task.run_id].lease

    def _one_at_a_time(self, breaker: Breaker) -> None:
        at_work = []
        for (run_id, key), lease in self._let_in.get(breaker.environment_id, {}).items():
            run, task = self._tables.runs[run_id], self._tables.tasks[run_id, key]
            if (run.status, run.lease, task.status) == ("RUNNING", lease, "RUNNING"):
                at_work.append(task)
        self._hold(breaker.opened_at is None or len(at_work) <= 1, "BREAKER", "two probes", breaker, at_work)

    def _stands(self, breaker: Breaker) -> None:
        """I5: who is held will be woken by something."""
        channel = breaker_channel(breaker.name)
        held = [
            wait
            for wait in self._tables.waits.values()
            if wait.channel == channel and wait.environment_id == breaker.environment_id
        ]
        if held:
            self._hold(breaker.timer_at is not None, "I5", "nothing will ever wake them", breaker, held)


def _begins(was: Task | None, task: Task) -> bool:
    """Whether an attempt began with this commit, as far as the rows tell."""
    return task.status == "RUNNING" and (
        was is None or was.status != "RUNNING" or was.attempt != task.attempt
    )
