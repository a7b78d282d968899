"""Moments: the places in a run's way at which something may happen, and what they are called."""

from dataclasses import dataclass
from typing import Any, Literal

from mainspring.model.approvals import ApprovalAsked
from mainspring.model.protocol import (
    CommitRequest,
    EventsSent,
    ReportAnswer,
    RunAttemptFailed,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunReleased,
    RunReport,
    RunsTriggered,
    RunSucceeded,
    StoreUsed,
    TaskAttemptFailed,
    TaskStarted,
    WaitDelivered,
    WaitStarted,
)

#: "taken": a worker has got the run. "begins", "ran": a task's function. "asked", "kept": before and after what the
#: run reports is in the database. "yields": user code lets others go on.
When = Literal["taken", "begins", "ran", "asked", "kept", "yields"]

_END, _PARKED = "end", "parked"


@dataclass(frozen=True)
class Moment:
    """`str()` is its name, which is the same in every play of the same code."""

    run: int
    #: Of the task; "end" and "parked" for the run itself, "" for its body.
    key: str
    when: When
    count: int = 1

    def __str__(self) -> str:
        key = self.key.replace("=", "%3D").replace(";", "%3B")
        return f"{self.run}/{key}.{self.when}" + (f"#{self.count}" if self.count > 1 else "")

    def words(self) -> str:
        """For reports: "after 'charge' was kept"."""
        again = f" (time {self.count})" if self.count > 1 else ""
        if self.when == "taken":
            return f"when a worker took the run{again}"
        if self.key in (_END, _PARKED):
            what = "the run's end" if self.key == _END else "that the run waits"
            return f"{'before' if self.when == 'asked' else 'after'} {what} was kept{again}"
        return {
            "begins": f"before the function of '{self.key}' was called",
            "ran": f"after the function of '{self.key}' ran, before its commit",
            "asked": f"before '{self.key}' was kept",
            "kept": f"after '{self.key}' was kept",
            "yields": f"inside '{self.key}'" if self.key else "in the body",
        }[self.when] + again


def told_in(request: CommitRequest) -> tuple[RunReport, str] | None:
    """The report, and the key, by which a commit is called: that of what user code waits for."""
    for report in request.reports:
        for item in report.items:
            key = key_of(item)
            if key is not None:
                return report, key
    return None


def key_of(item: Any) -> str | None:
    """The key of what an item tells; None for lines and the like, which nobody waits for."""
    match item:
        case TaskStarted():
            return None
        case RunSucceeded() | RunAttemptFailed():
            return _END
        case RunParked():
            return _PARKED
    label = getattr(item, "task", None)
    return None if label is None else str(label.key)


def is_left(report: RunReport, answer: ReportAnswer) -> bool:
    """Whether the worker has nothing more to do with the run."""
    over = (RunSucceeded, RunAttemptFailed, RunReleased, RunDrifted, RunCancelConfirmed)
    return answer.status == "lost" or answer.parked or any(isinstance(item, over) for item in report.items)


def words_of(run: int, item: Any, output: Any) -> str | None:
    """What an item that was kept means to people; `output`: what the server answered."""
    who = f"run {run}"
    match item:
        case StoreUsed():
            return _store_words(who, item, output)
        case WaitStarted():
            return f"{who} waits for '{item.task.key}'"
        case ApprovalAsked():
            return f"{who} asks people: '{item.task.key}'"
        case WaitDelivered():
            return f"{who} goes on after '{item.key}'"
        case EventsSent():
            return f"{who} sends " + ", ".join(f"'{event.name}'" for event in item.events)
        case RunsTriggered():
            return f"{who} starts " + ", ".join(f"'{one.job_id}'" for one in item.runs)
        case TaskAttemptFailed():
            return f"'{item.task.key}' of {who} fails"
        case RunAttemptFailed():
            return f"{who} fails: {item.failure.message}"
        case RunSucceeded():
            return f"{who} ends: {_short(item.output)}"
    return None


def _store_words(who: str, item: StoreUsed, output: Any) -> str:
    operation = item.operation
    place = f"'{operation.key}'" + ("" if operation.scope == "environment" else f" of its {operation.scope}")
    if operation.verb == "get":
        shown = _short(output.get("value")) if output.get("exists", True) else "nothing"
        return f"{who} reads {place}: {shown}"
    if operation.verb == "has":
        return f"{who} asks for {place}"
    if output.get("ok") is False:
        return f"{who} does not change {place}: another did meanwhile"
    return (
        f"{who} writes {place}: {_short(operation.value)}"
        if operation.verb == "set"
        else f"{who} deletes {place}"
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
