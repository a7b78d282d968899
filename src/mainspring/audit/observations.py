"""What clients and workers saw, one observation per message they sent: asked, and answered, refused or unknown.

| op | `run_id` | `task_key` | `said` | `answer` |
| --- | --- | --- | --- | --- |
| send_event | - | - | event_id, name, idempotency_key?, environment_id? | event_id, runs {run id: job id}, rejected |
| trigger_run | the id asked for | - | job_id, idempotency_key?, environment_id? | run_id |
| read_run, cancel_run | yes | - | - | status, output? |
| claim | yes | - | worker_id | lease, finished {task key: output or None} |
| begin_task | yes | yes | lease | - |
| finish_task | yes | yes | lease, status, output? | - |
| hear_wait | yes | yes | - | status, output? |
| end_run | yes | - | lease, status, output? | - |

Outputs are JSON text. A message that is sent again is one more observation: the first is then unknown, or was
answered, whatever the second one hears. Refused is what the server said it did not keep ("lost", a 4xx).

`ObservationLog` keeps them in memory and, given a file, as JSON lines: one when something is asked, one when it is
answered. Who is killed in between leaves an unknown behind, as it should be.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import Any, Literal, TextIO

Op = Literal[
    "send_event",
    "trigger_run",
    "read_run",
    "cancel_run",
    "claim",
    "begin_task",
    "finish_task",
    "hear_wait",
    "end_run",
]
Outcome = Literal["ok", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One message and what its sender heard of it."""

    op: Op
    #: When it was sent and when its answer came, on one scale for all who observe.
    invoked: int
    answered: int | None = None
    outcome: Outcome = "unknown"
    run_id: str = ""
    task_key: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)

    def is_before(self, other: "Observation") -> bool:
        """Whether its answer was known when the other was sent."""
        return self.answered is not None and self.answered < other.invoked


class Asking:
    """A message on its way. Nothing said about it: its outcome stays unknown."""

    def __init__(self, log: "ObservationLog", index: int) -> None:
        self._log = log
        self._index = index

    def ok(self, **answer: Any) -> None:
        self._log.answer(self._index, "ok", answer)

    def refused(self, **answer: Any) -> None:
        self._log.answer(self._index, "refused", answer)


class ObservationLog:
    """Gathers observations from any thread. `now` orders them: a counter, or a clock that all observers share.

    `name` tells the logs of several processes apart in one file or in several.
    """

    def __init__(
        self, lines: TextIO | None = None, *, now: Callable[[], int] | None = None, name: str = "log"
    ) -> None:
        self._lines = lines
        self._now = now or count(1).__next__
        self._name = name
        self._kept: list[Observation] = []
        self._lock = Lock()

    def ask(self, op: Op, run_id: str = "", task_key: str = "", **said: Any) -> Asking:
        """Notes that a message is sent now."""
        with self._lock:
            seen = Observation(op, self._now(), None, "unknown", run_id, task_key, said)
            self._kept.append(seen)
            index = len(self._kept) - 1
            self._write(index, op=op, invoked=seen.invoked, run_id=run_id, task_key=task_key, said=said)
            return Asking(self, index)

    def answer(self, index: int, outcome: Outcome, answer: Mapping[str, Any]) -> None:
        """Notes that the answer to a message is there."""
        with self._lock:
            answered = self._now()
            self._kept[index] = replace(
                self._kept[index], answered=answered, outcome=outcome, answer=dict(answer)
            )
            self._write(index, answered=answered, outcome=outcome, answer=answer)

    def observations(self) -> list[Observation]:
        """All so far, in the order in which they were sent."""
        with self._lock:
            return list(self._kept)

    def _write(self, index: int, **line: Any) -> None:
        if self._lines is not None:
            text = json.dumps({"id": f"{self._name}-{index}", **line}, separators=(",", ":"))
            self._lines.write(text + "\n")
            self._lines.flush()  # who writes this may be killed


def read_observations(lines: Iterable[str]) -> list[Observation]:
    """The observations of one or several logs of JSON lines. A line cut short by a kill is left out."""
    found: dict[str, dict[str, Any]] = {}
    for line in _whole(lines):
        found.setdefault(line.pop("id"), {}).update(line)
    kept = [Observation(**one) for one in found.values() if "op" in one]
    return sorted(kept, key=lambda one: one.invoked)


def _whole(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
