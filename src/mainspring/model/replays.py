"""What a replay from a task keeps: the rule, over the tasks of the run that is replayed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mainspring.clock import Instant
from mainspring.model.tasks import FINAL_TASK_STATUSES, TaskKind, TaskStatus


@dataclass(frozen=True, slots=True)
class TaskOutline:
    """A task without what it was given and came to."""

    key: str
    kind: TaskKind
    status: TaskStatus
    position: int | None
    #: Where and when the run's account first tells of it.
    began: int
    began_at: Instant


def kept_before(tasks: Mapping[str, TaskOutline], key: str) -> list[TaskOutline]:
    """The tasks that began before the one of this key and have finished, however they came out, as they began.

    Not those it is nested in, which contain it; nor a wait that the code gave up only after that task was done:
    what made it give up runs again.
    """
    named = tasks[key]
    kept = [
        task
        for task in tasks.values()
        if task is not named
        and not key.startswith(f"{task.key}/")
        and _has_finished(task, named)
        and _began_before(task, named)
    ]
    return sorted(kept, key=lambda task: (task.began, task.key))


def _has_finished(task: TaskOutline, named: TaskOutline) -> bool:
    if task.status != "CANCELLED":
        return task.status in FINAL_TASK_STATUSES
    if task.position is None:  # it was still open when the run ended
        return False
    return named.position is None or task.position < named.position


def _began_before(task: TaskOutline, named: TaskOutline) -> bool:
    if task.began < named.began:
        return True
    # What is done through the server is told of when it is done. Its position was given to it when it began.
    is_told_late = (
        task.kind in ("send_event", "trigger", "store", "token") and task.began_at == named.began_at
    )
    return is_told_late and task.position is not None and _is_earlier(task.position, named.position)


def _is_earlier(position: int, other: int | None) -> bool:
    return other is None or position < other


def listed(keys: Iterable[str], most: int = 30) -> str:
    """Task keys as a person reads them."""
    every = list(keys)
    shown = ", ".join(f"'{key}'" for key in every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
