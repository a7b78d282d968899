"""Places in a run at which a worker may die, or a task be made to fail: told of each, a watcher decides.

A worker dies as if it were killed: the code stands still where it is and is never called again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from mainspring import faults
from mainspring.model.protocol import CommitAnswer, CommitRequest, Item
from mainspring.sdk.context import current_scope, current_task
from mainspring.testing.lives import Life, current_life
from mainspring.testing.taps import TappedBackend
from mainspring.worker.backend import Backend

#: "starting": before the function of a task is called. "returned": after it, nothing of that is kept yet.
#: "sending": a commit is about to be asked for. "kept": it was made, and the worker has not heard so.
Moment = Literal["starting", "returned", "sending", "kept"]

_MOMENTS: dict[faults.Point, Moment] = {"task.starting": "starting", "task.returned": "returned"}


@dataclass(frozen=True, slots=True)
class Passing:
    """A worker passes a place: an attempt of a task ("starting", "returned") or a commit ("sending", "kept")."""

    moment: Moment
    #: Of the task's run; "" for a commit, which may tell of several.
    run_id: str = ""
    job_id: str = ""
    #: The task's full key, and the number of its attempt.
    key: str = ""
    attempt: int = 0
    #: What is committed, as pairs of run id and item.
    items: tuple[tuple[str, Item], ...] = ()


#: Told of every passing; True: the worker dies here. What it raises at "starting" fails the attempt.
Watcher = Callable[[Passing], bool]


class Points:
    """The watchers of one world. `died` is told of the life that ended."""

    def __init__(self, died: Callable[[Life], None]) -> None:
        self.watchers: list[Watcher] = []
        self._died = died
        self._listening = ExitStack()

    def open(self) -> None:
        """From now on the code's own points are told to the watchers of the world whose worker passes them."""
        self._listening.enter_context(faults.listening(_heard))

    def close(self) -> None:
        self._listening.close()

    def pass_by(self, passing: Passing, life: Life) -> Awaitable[None] | None:
        """What to wait for, which will never come, where the worker dies."""
        for watcher in tuple(self.watchers):
            if watcher(passing):
                self._died(life)
                return asyncio.get_running_loop().create_future()
        return None


#: Where the points of a worker's code are told.
_points_of: dict[Life, Points] = {}


def _heard(point: faults.Point) -> Awaitable[None] | None:
    moment, life = _MOMENTS.get(point), current_life.get()
    points = None if moment is None or life is None else _points_of.get(life)
    scope, attempt = current_scope.get(), current_task.get()
    if moment is None or life is None or points is None or scope is None or attempt is None:
        return None
    context = scope.context
    passing = Passing(moment, context.run.id, context.job.id, attempt.key, attempt.attempt)
    return points.pass_by(passing, life)


class PointedBackend(TappedBackend):
    """A tapped backend whose commits are points."""

    def __init__(self, inner: Backend, life: Life, points: Points) -> None:
        super().__init__(inner, life)
        self._points = points
        _points_of[life] = points

    async def commit(self, request: CommitRequest) -> CommitAnswer:
        items = tuple(_items(request))
        if (halt := self._points.pass_by(Passing("sending", items=items), self._life)) is not None:
            await halt
        answer = await super().commit(request)
        if (halt := self._points.pass_by(Passing("kept", items=items), self._life)) is not None:
            await halt
        return answer

    def forget(self) -> None:
        """Its worker is gone."""
        _points_of.pop(self._life, None)


def _items(request: CommitRequest) -> Iterator[tuple[str, Item]]:
    for report in request.reports:
        for item in report.items:
            yield report.run_id, item
