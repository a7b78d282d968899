"""Attempts of `effect="once"` of which nobody knows whether they were done: after a crash, a timeout, a killed process.

They are not made again before somebody knows: the task's own `reconcile`, or a person.
"""

import itertools
import logging
import random
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from mainspring.clock import SECOND, Clock
from mainspring.duration import format_duration
from mainspring.errors import InDoubt, ProcessEnded, TaskTimeout
from mainspring.model.effects import EffectBegun, TaskInDoubt, TaskReconciled
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.sdk.bridge import invoke, is_async
from mainspring.sdk.context import TaskScope, current_scope, current_task
from mainspring.sdk.doubt import Answer, Done, NotDone, takes_idempotency_key
from mainspring.sdk.retry import Retry, decide
from mainspring.sdk.runtime import TaskCall
from mainspring.worker.keys import Place, current_place
from mainspring.worker.passage import Passage
from mainspring.worker.strands import Ours, settle
from mainspring.worker.waits import WaitCalls
from mainspring.worker.within import within

log = logging.getLogger("mainspring.worker")

#: Raised by an attempt that may have been done all the same.
DOUBTFUL = (TaskTimeout, ProcessEnded, InDoubt)
CRASHED = "its worker died, or lost the run, while it was at work"
#: Between two questions no longer than this: the worker's slot is held meanwhile. Microseconds.
_LONGEST_PAUSE = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt in doubt. `why` None: a person has been asked before."""

    call: TaskCall
    label: TaskLabel
    number: int
    retry: Retry
    why: str | None


class Doubts:
    """Those of one passage."""

    def __init__(self, passage: Passage, waits: WaitCalls) -> None:
        self._passage = passage
        self._waits = waits
        self._clock: Clock = passage.clock

    async def begin(self, label: TaskLabel, number: int) -> None:
        """Returns when the beginning of the attempt is kept: from here on a crash leaves it in doubt."""
        passage = self._passage
        passage.held.keep(Checkpoint(label.key, "task", "RUNNING", number, label.fingerprint))
        kept = Ours(loop=passage.loop)
        passage.channel.put(
            EffectBegun(label, number),
            lambda report, answer: settle(kept),
            alone=passage.strands.is_single(),
        )
        await kept

    async def ask(self, doubt: Doubt) -> Done[Any] | NotDone | Checkpoint:
        """What `reconcile` knows; else what a person made of the task, in its turn: SUCCESS, FAILED or RETRYING."""
        why = doubt.why
        if why is not None and doubt.call.reconcile is not None:
            answer = await self._reconciled(doubt)
            if isinstance(answer, Done | NotDone):
                item = TaskReconciled(doubt.label, doubt.number, isinstance(answer, Done))
                self._passage.channel.put(item, lazy=True)
                return answer
            why = f"{why}; {answer}"
        return await self._person(doubt, why)

    async def _person(self, doubt: Doubt, why: str | None) -> Checkpoint:
        passage, label = self._passage, doubt.label
        waiter = passage.expect(label.key, doubt.number)
        if why is not None:
            passage.held.keep(Checkpoint(label.key, "task", "WAITING", doubt.number, label.fingerprint))
            passage.channel.put(TaskInDoubt(label, doubt.number, why))
            passage.owner.reached_safe_point()
        await self._waits.block(label.key, waiter)
        assert waiter.outcome is not None
        return waiter.outcome

    # ── reconcile ────────────────────────────────────────────────────────────────────────────────────
    async def _reconciled(self, doubt: Doubt) -> Done[Any] | NotDone | str:
        """Its answer, or why there is none."""
        passage = self._passage
        passage.attempts += 1
        try:
            return await self._until_answered(doubt)
        except BaseException:
            if passage.stop is None:
                passage.loop.call_soon(passage.owner.consider_parking)
            raise
        finally:
            passage.attempts -= 1

    async def _until_answered(self, doubt: Doubt) -> Done[Any] | NotDone | str:
        for tried in itertools.count(1):
            try:
                answer = await self._answer(doubt)
            except BaseException as error:
                if not self._passage.is_failure(error):
                    raise
                failed = f"reconcile failed: {type(error).__name__}: {error}"
                delay = decide(error, tried, doubt.retry, random.random(), self._clock.now()).delay
                if delay is None:
                    return failed
                pause = min(delay, _LONGEST_PAUSE)
                self._log(f"task '{doubt.label.key}': {failed}; again in {format_duration(pause)}")
                await self._clock.sleep(pause)
                continue
            if isinstance(answer, Done | NotDone):
                return answer
            if answer is None:
                return "reconcile cannot tell"
            return f"reconcile returned {answer!r:.80} instead of Done(value) or NotDone()"
        raise AssertionError("there is always another try")

    async def _answer(self, doubt: Doubt) -> Answer[Any]:
        call, key, retry = doubt.call, doubt.label.key, doubt.retry
        assert call.reconcile is not None
        scope = TaskScope(key, doubt.number, retry.policy.max_attempts, call.idempotency_key or "")
        # A place of its own for each doubt: what `io` keeps of one answer is no answer to the next question.
        here = Place(f"{key}/#reconcile-{self._passage.held.claimed.lease}-{doubt.number}")
        place_token, task_token = current_place.set(here), current_task.set(scope)
        try:
            kwargs = dict(call.kwargs)
            scoped = current_scope.get()
            if scoped is not None and takes_idempotency_key(call.reconcile):
                kwargs["idempotency_key"] = scoped.context.idempotency_key
            running: Awaitable[Any]
            if is_async(call.reconcile):
                running = call.reconcile(*call.args, **kwargs)
            else:
                running = invoke(call.reconcile, call.args, kwargs)
            if call.timeout is not None:
                running = within(self._clock, call.timeout, running, key)
            answer: Answer[Any] = await running
            return answer
        finally:
            here.is_open = False
            current_task.reset(task_token)
            current_place.reset(place_token)

    def _log(self, message: str) -> None:
        log.warning("run %s: %s", self._passage.held.claimed.run_id, message)
        scoped = current_scope.get()
        if scoped is not None:
            scoped.runtime.log("WARNING", message, None, "mainspring")
