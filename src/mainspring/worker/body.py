"""One call of a job's function, from its payload to the item that ends the run or its attempt."""

import asyncio
import logging
import random
from dataclasses import replace
from typing import Any

from mainspring.clock import to_datetime
from mainspring.codec import decode, encode
from mainspring.errors import ControlFlow
from mainspring.model.protocol import RunAttemptFailed, RunCancelConfirmed, RunSucceeded
from mainspring.sdk.ambient import io
from mainspring.sdk.context import Context, JobInfo, RunInfo, begin_run
from mainspring.sdk.events import read_event
from mainspring.sdk.hooks import HookName
from mainspring.sdk.retry import Retry, decide
from mainspring.worker.failures import failure_of
from mainspring.worker.held import Held
from mainspring.worker.hooks import HookCalls, outcome_of, within_middleware
from mainspring.worker.passage import Passage
from mainspring.worker.runtime import RunRuntime
from mainspring.worker.sealing import still_sealed

log = logging.getLogger("mainspring.worker")

Ending = RunSucceeded | RunAttemptFailed | RunCancelConfirmed


def context_of(held: Held, *, is_replay: bool) -> Context:
    """`ctx` of a run."""
    claimed = held.claimed
    registered = held.workplace.registered
    deadline = claimed.deadline_at
    return Context(
        run=RunInfo(
            id=claimed.run_id,
            attempt=claimed.attempt,
            max_attempts=claimed.max_attempts,
            is_replay=is_replay,
            is_test=claimed.is_test,
            tags=() if claimed.tags == "[]" else tuple(decode(claimed.tags)),
            schedule_id=claimed.schedule_id,
            created_at=to_datetime(claimed.created_at),
            started_at=to_datetime(claimed.started_at),
            replay_of=claimed.replay_of,
        ),
        job=JobInfo(claimed.job_id, claimed.job_version),
        environment=registered.environment,
        project=registered.project,
        event=None if claimed.event is None else read_event(decode(claimed.event)),
        deadline=None if deadline is None else to_datetime(deadline),
    )


class Body:
    """The body of one passage."""

    def __init__(self, passage: Passage, runtime: RunRuntime, context: Context) -> None:
        self._passage = passage
        self._held = passage.held
        self._runtime = runtime
        self._context = context
        self._began = passage.clock.monotonic()
        #: What the function raised here.
        self._error: BaseException | None = None
        job = self._held.job
        self.hooks = HookCalls(passage, runtime, context) if job.has_hooks else None

    async def play(self, *, is_cancelled: bool = False) -> Ending:
        """Calls the function, with its hooks around it; of a cancelled run, the hooks for that. Raises only what must
        pass: a stop, an interrupted process."""
        begin_run(self._runtime, self._context, self._held.job.connectors)
        try:
            unreadable = still_sealed(self._held.claimed)
            if unreadable is not None and is_cancelled:
                return RunCancelConfirmed()
            if unreadable is not None:  # with the key it can go on: nothing is lost by waiting for a person
                self._passage.owner.drifted(unreadable, None)
                await self._passage.never()
            if self.hooks is None:
                return outcome_of(self._held) or await self._call()
            return await self._hooked(self.hooks, is_cancelled=is_cancelled)
        except ControlFlow:
            if self._passage.stop is None and self._passage.is_leaving:
                await self._passage.never()  # refused on the way out
            raise

    async def _hooked(self, hooks: HookCalls, *, is_cancelled: bool) -> Ending:
        if is_cancelled:
            await hooks.call("on_cancel", {})
            return RunCancelConfirmed()
        ended = outcome_of(self._held)
        if self._held.is_taken_up():
            await hooks.notify("on_resume")
        if ended is None:
            if hooks.is_new():
                await hooks.call("on_start", {})
            ended = await self._call()
            is_final = isinstance(ended, RunSucceeded) or ended.retry_in is None
            name: HookName = "on_success" if isinstance(ended, RunSucceeded) else "on_failure"
            if not is_final or not self._held.job.hooks_for(name):
                return ended
            await hooks.keep(ended)
        await hooks.of_end(ended, self._error)
        return ended

    async def _call(self) -> RunSucceeded | RunAttemptFailed:
        claimed, job = self._held.claimed, self._held.job
        try:
            if job.middlewares:
                result = await within_middleware(
                    self._held, self._context, lambda: job.call(claimed.payload, io, self._context)
                )
            else:
                result = await job.call(claimed.payload, io, self._context)
            output = self._encoded(result)
        except BaseException as error:
            if not self._is_failure(error):
                raise
            self._error = error
            return self._failed(error)
        return RunSucceeded(output)

    def _encoded(self, result: Any) -> str:
        limit = self._held.workplace.registered.max_payload_bytes
        return encode(result, what=f"the output of job '{self._held.job.id}'", limit=limit)

    def _is_failure(self, error: BaseException) -> bool:
        if self._passage.stop is None and isinstance(error, asyncio.CancelledError):
            # Nobody but user code itself can have cancelled the body.
            return not isinstance(error, ControlFlow)
        return self._passage.is_failure(error)

    def _failed(self, error: BaseException) -> RunAttemptFailed:
        now = self._passage.clock.now()
        decision = decide(error, self._held.claimed.attempt, self._retry(), random.random(), now)
        duration = max(0, self._passage.clock.monotonic() - self._began)
        return RunAttemptFailed(failure_of(error), duration, decision.delay)

    def _retry(self) -> Retry:
        """The job's, with the number of attempts that this run was started with."""
        retry, most = self._held.job.retry, self._held.claimed.max_attempts
        return retry if retry.policy.max_attempts == most else replace(retry, max_attempts=most)
