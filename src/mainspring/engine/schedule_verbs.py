"""`engine.schedules`: the verbs of schedules, each a command and its result."""

from collections.abc import Awaitable, Callable
from typing import Any

from mainspring.clock import Instant
from mainspring.engine.commands import (
    Backfilled,
    BackfillSchedule,
    PauseSchedule,
    RegisterSchedule,
    RunSchedule,
    UnregisterSchedule,
)
from mainspring.ids import IdSource
from mainspring.model.runs import Run
from mainspring.model.schedules import ScheduleDraft


class ScheduleVerbs:
    """`do` hands a command to the committer and waits for its result."""

    def __init__(self, do: Callable[[Any], Awaitable[Any]], ids: IdSource) -> None:
        self._do = do
        self._ids = ids

    async def register(self, environment_id: str, draft: ScheduleDraft) -> None:
        """Makes one at run time, or changes the one with this key. Raises `InvalidTrigger`."""
        await self._do(RegisterSchedule(environment_id, draft))

    async def unregister(self, environment_id: str, schedule_id: str) -> bool:
        """Whether there was one. Raises `Conflict` for one that a job was written with."""
        was_there: bool = await self._do(UnregisterSchedule(environment_id, schedule_id))
        return was_there

    async def pause(self, environment_id: str, schedule_id: str, paused: bool) -> None:
        """Or resumes it. Raises `NotFound`."""
        await self._do(PauseSchedule(environment_id, schedule_id, paused))

    async def run(self, environment_id: str, schedule_id: str, *, idempotency_key: str | None = None) -> Run:
        """A run now. Raises `NotFound`, `Conflict` (disabled, asleep), `PayloadInvalid`."""
        command = RunSchedule(environment_id, schedule_id, self._ids.new("run"), idempotency_key)
        run: Run = await self._do(command)
        return run

    async def backfill(
        self, environment_id: str, schedule_id: str, since: Instant, until: Instant
    ) -> tuple[Backfilled, ...]:
        """Both ends included. Raises `NotFound`, `Conflict`, `BadRequest`, `LimitExceeded`, `PayloadInvalid`."""
        done: tuple[Backfilled, ...] = await self._do(
            BackfillSchedule(environment_id, schedule_id, since, until)
        )
        return done
