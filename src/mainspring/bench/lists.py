"""W9: the list of runs, the page of a run and the counts, asked over the API while very many runs are kept."""

import time
from collections.abc import AsyncIterator
from typing import Any

from mainspring.bench.bulk import APART, run_name
from mainspring.bench.figures import Figure, at_percent
from mainspring.clock import SECOND
from mainspring.sdk.door import API, Door

#: How often each question is asked; of a list, pages that follow one another.
_TIMES = 25

Question = dict[str, str]


def questions(runs: int) -> dict[str, Question]:
    """Every filter, alone and together, with much, little and nothing behind it, over a load of so many runs."""

    def ago(share: float) -> str:
        return f"{round(runs * APART * share / SECOND)}s"

    return {
        "all": {},
        "a status that most have": {"status": "SUCCESS"},
        "a status that few have": {"status": "FAILED"},
        "statuses of long ago": {"status": "EXPIRED,TIMED_OUT"},
        "a status that half have": {"status": "WAITING"},
        "statuses that none has": {"status": "RUNNING,PENDING"},
        "a job that most are of": {"job": "many-tasks"},
        "a job of long ago": {"job": "seldom"},
        "a tag that many have": {"tag": "vip"},
        "a tag of long ago": {"tag": "first"},
        "a tag that none has": {"tag": "none"},
        "an event": {"event_id": "evt_00000000001000000000000100"},
        "a time in the middle": {"since": ago(0.51), "until": ago(0.5)},
        "until long ago": {"until": ago(0.99)},
        "job and status": {"job": "one-task", "status": "FAILED"},
        "job, status and tag": {"job": "many-tasks", "status": "CANCELLED", "tag": "vip"},
        "a tag and a status that never meet": {"tag": "vip", "status": "FAILED"},
        "a job and success of long ago": {"job": "seldom", "status": "SUCCESS"},
        "status and time": {"status": "FAILED", "since": ago(0.9), "until": ago(0.5)},
        "an event's name": {"event": "bench.event"},
        "a queue": {"queue": "many-tasks"},
        "a queue that none is in": {"queue": "none"},
        "a run's children": {"parent": run_name(1)},
        "test runs": {"is_test": "true"},
        "runs that no run started": {"is_root": "true"},
        "how an id begins": {"id": run_name(runs // 2)[:-2]},
        "the little of an id that all share": {"id": run_name(0)[:8]},
        "a payload of just now": {"payload.order_id": f"o{runs - 5}"},
        "a payload of long ago": {"payload.order_id": "o5"},
        "a payload that many have": {"payload.lines.sku": "A-7"},
        "payload and status": {"payload.amount": "207", "status": "FAILED"},
    }


#: What is counted before it is done to many.
COUNTED: dict[str, Question] = {
    "all": {},
    "a status that few have": {"status": "FAILED"},
    "a job and a payload": {"job": "one-task", "payload.amount": "100"},
}

#: What is asked of the log lines of all runs.
LINES: dict[str, Question] = {
    "all": {},
    "a level that none has": {"level": "ERROR"},
    "a text that none has": {"text": "nobody wrote this"},
    "a job of long ago": {"job": "seldom"},
}

#: What the page of a run asks for.
_PARTS = ("", "/tasks", "/logs", "/history", "/trace")


#: What the overview and the page of jobs ask for.
_COUNTS: tuple[tuple[str, Question], ...] = (
    *(("/stats", {"span": span}) for span in ("1h", "24h", "7d", "30d")),
    ("/stats", {"span": "30d", "job": "many-tasks"}),
    ("/stats/jobs", {"span": "7d"}),
    ("/stats/jobs", {"span": "30d"}),
    ("/jobs", {}),
    ("/queues", {}),
    ("/workers", {}),
    ("/errors", {"counts": "30d"}),
    ("/errors", {"status": "unresolved", "text": "no"}),
)


async def lists(door: Door, runs: int) -> list[Figure]:
    """W9: the p95 of every question over a load of so many runs (see `bulk.py`)."""
    figures = []
    await _asked(door, "/runs", {})  # connections and prepared statements
    errors = (await _asked(door, "/errors", {}))[0]["data"]  # the engine counted them as it started
    asked = {f"error {one['job_id']}": {"error": one["id"]} for one in errors[:2]}
    for name, question in {**questions(runs), **asked}.items():
        spans = [span async for span in _pages(door, question)]
        figures.append(Figure("W9", f"list, {name}, p95", at_percent(spans, 95), "ms"))
    for name, question in COUNTED.items():
        spans = [(await _asked(door, "/runs/count", question))[1] for _ in range(_TIMES)]
        figures.append(Figure("W9", f"count, {name}, p95", at_percent(spans, 95), "ms"))
    for name, question in LINES.items():
        spans = [span async for span in _pages(door, question, "/logs")]
        figures.append(Figure("W9", f"logs, {name}, p95", at_percent(spans, 95), "ms"))
    for part in _PARTS:
        some = [run_name(runs * n // _TIMES) for n in range(_TIMES)]
        spans = [(await _asked(door, f"/runs/{run_id}{part}", {}))[1] for run_id in some]
        figures.append(Figure("W9", f"page of a run{part}, p95", at_percent(spans, 95), "ms"))
    for path, question in _COUNTS:
        spans = [(await _asked(door, path, question))[1] for _ in range(_TIMES)]
        what = " ".join([path, *(f"{name}={value}" for name, value in question.items())])
        figures.append(Figure("W9", f"{what}, p95", at_percent(spans, 95), "ms"))
    worst = max(figures, key=lambda figure: figure.value)
    return [*figures, Figure("W9", f"worst of them with {runs:,} runs", worst.value, "ms")]


async def _pages(door: Door, question: Question, path: str = "/runs") -> AsyncIterator[float]:
    """Milliseconds that each page took; from the first again when there is no next one."""
    cursor = None
    for _ in range(_TIMES):
        answer, span = await _asked(
            door, path, question if cursor is None else {**question, "cursor": cursor}
        )
        cursor = answer["next_cursor"]
        yield span


async def _asked(door: Door, path: str, params: Question) -> tuple[Any, float]:
    began = time.monotonic()
    answer = await door.call("GET", API + path, params=params)
    return answer, 1000 * (time.monotonic() - began)
