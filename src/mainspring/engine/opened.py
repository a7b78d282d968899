"""A report being applied: the run it is about, what is to be done for it, and the rows of its tasks."""

from dataclasses import dataclass, field
from typing import Any

from mainspring.engine.batch import Batch
from mainspring.engine.leased import LeasedRun
from mainspring.engine.waits import NewWait
from mainspring.model.approvals import Asked
from mainspring.model.breakers import BreakerAsked, BreakerTold
from mainspring.model.protocol import (
    EventsSent,
    ItemAnswer,
    RunParked,
    RunReport,
    RunsTriggered,
    StoreUsed,
    TaskSucceeded,
)
from mainspring.model.tasks import TaskLabel, TaskStatus

#: By column, or of a task that was done at once in the order of `save_whole_task`.
TaskRow = dict[str, Any] | tuple[Any, ...]


@dataclass(slots=True)
class OpenReport:
    """A report being applied: its run, the tasks it touched, and what must be done after the first writes."""

    run: LeasedRun
    report: RunReport
    #: Rows of tasks by their keys; of the run, which may be in several reports.
    tasks: dict[str, TaskRow]
    answers: list[ItemAnswer] = field(default_factory=list)
    new_waits: list[NewWait] = field(default_factory=list)
    #: Keys of tasks whose pause is over because a later attempt was reported.
    unpaused: set[str] = field(default_factory=set)
    #: Items answered by another rule: (index, item).
    sends: list[tuple[int, EventsSent]] = field(default_factory=list)
    triggers: list[tuple[int, RunsTriggered]] = field(default_factory=list)
    store_uses: list[tuple[int, StoreUsed]] = field(default_factory=list)
    breakers: list[tuple[int, BreakerAsked | BreakerTold]] = field(default_factory=list)
    questions: list[tuple[int, Asked]] = field(default_factory=list)
    parked: RunParked | None = None
    asked_to_park: bool = False
    made_progress: bool = False

    @property
    def who(self) -> tuple[str, str]:
        return (self.run.environment_id, self.run.id)

    @property
    def leased(self) -> tuple[str, str, int]:
        return (self.run.environment_id, self.run.id, self.run.lease)


def keep_whole(batch: Batch, report: OpenReport, item: TaskSucceeded) -> bool:
    """A task that began and succeeded since the last commit and has nothing to be shown with it, as nearly all are:
    its row has fewer columns, and costs half. False: it is another kind of task."""
    label = item.task
    is_shown = label.icon is not None or label.params is not None or label.properties is not None
    if is_shown or not item.is_whole or item.attempt > 1 or label.key in report.tasks:
        return False
    run = report.run
    report.tasks[label.key] = (
        run.id,
        run.environment_id,
        label.key,
        label.parent_key,
        label.kind,
        label.name,
        label.fingerprint,
        "SUCCESS",
        item.attempt,
        item.output,
        item.position,
        batch.now - item.duration,
        batch.now,
    )
    return True


def task_row(
    batch: Batch, report: OpenReport, label: TaskLabel, status: TaskStatus, attempt: int, duration: int = 0
) -> dict[str, Any]:
    """The row of a task as this report leaves it; times are counted back from the engine's clock."""
    row = report.tasks.get(label.key)
    if not isinstance(row, dict):
        row = {
            "run_id": report.run.id,
            "environment_id": report.run.environment_id,
            "key": label.key,
            "parent_key": label.parent_key,
            "kind": label.kind,
            "name": label.name,
            "icon": label.icon,
            "params": label.params,
            "properties": label.properties,
            "fingerprint": label.fingerprint,
            "output": None,
            "failure": None,
            "position": None,
            "event_id": None,
            "started_at": batch.now - duration,
            "finished_at": None,
            "next_attempt_at": None,
            "kept_from": None,
        }
        report.tasks[label.key] = row
    elif duration:
        row["started_at"] = min(row["started_at"], batch.now - duration)
    row["status"] = status
    row["attempt"] = attempt
    if attempt > 1:
        report.unpaused.add(label.key)
    return row
