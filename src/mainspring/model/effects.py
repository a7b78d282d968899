"""What a worker says of tasks under `effect="once"`: what they do outside must not be done again unasked.

Their beginning is kept before their function is called, so that a crash in between leaves them in doubt, and
never unknown.
"""

from dataclasses import dataclass
from typing import Literal

from mainspring.model.tasks import TaskLabel

#: How often a task's function may do what it does: None, as often as it takes.
Effect = Literal["once"]

#: What a person says of a task in doubt: it was done (and came to this), do it (again), or let it fail.
Verdict = Literal["done", "retry", "fail"]


@dataclass(frozen=True, slots=True)
class EffectBegun:
    """The function is called once this is kept."""

    task: TaskLabel
    attempt: int
    kind: Literal["effect_begun"] = "effect_begun"


@dataclass(frozen=True, slots=True)
class TaskReconciled:
    """`reconcile` knew: the attempt was done, and its outcome comes next; or it was not, and the next begins."""

    task: TaskLabel
    attempt: int
    is_done: bool
    kind: Literal["task_reconciled"] = "task_reconciled"


@dataclass(frozen=True, slots=True)
class TaskInDoubt:
    """Nobody here knows whether the attempt was done: the task waits for a person. `message` says what happened."""

    task: TaskLabel
    attempt: int
    message: str
    kind: Literal["task_in_doubt"] = "task_in_doubt"
