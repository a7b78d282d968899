"""Durable tasks: the function is called, its outcome committed, and only then does user code go on (I3).

A task whose outcome was kept is answered from it (I2). A failed attempt is followed by another after a pause;
a long pause is a wait of its own, during which the run may leave this worker.
"""

import functools
import random
from dataclasses import dataclass
from typing import Any

from mainspring import faults
from mainspring.clock import SECOND
from mainspring.codec import decode, encode
from mainspring.errors import DataError
from mainspring.model.breakers import Outcome
from mainspring.model.failures import Failure
from mainspring.model.protocol import ItemAnswer, ReportAnswer, TaskAttemptFailed, TaskSucceeded
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.sdk.bridge import invoke, is_async
from mainspring.sdk.context import TaskScope, current_task
from mainspring.sdk.doubt import Done, NotDone
from mainspring.sdk.retry import DEFAULT_RETRY, Retry, RetryDecision, decide
from mainspring.sdk.runtime import TaskCall
from mainspring.worker.breakers import Breakers, outcome_of
from mainspring.worker.doubts import CRASHED, DOUBTFUL, Doubt, Doubts
from mainspring.worker.failures import output_failure, raised_failure, read_failure, task_error, write_failure
from mainspring.worker.isolation import run_isolated
from mainspring.worker.keys import Place, current_place, fingerprint, fingerprint_without_input
from mainspring.worker.passage import Passage
from mainspring.worker.strands import Ours, settle
from mainspring.worker.turns import Turn
from mainspring.worker.waits import WaitCalls
from mainspring.worker.within import within

#: A pause between attempts longer than this (microseconds) does not keep the worker's slot.
LONG_PAUSE = 5 * SECOND


@dataclass(slots=True)
class Attempt:
    """One attempt: of which call, and how it came out."""

    call: TaskCall
    label: TaskLabel
    number: int
    retry: Retry
    began: int
    #: The breaker's, in which it was let in; None where there is none, or once it is told how the attempt came out.
    epoch: int | None = None


class TaskCalls:
    """The tasks of one passage."""

    def __init__(self, passage: Passage, waits: WaitCalls) -> None:
        self._passage = passage
        self._waits = waits
        self._doubts = Doubts(passage, waits)
        self._breakers = Breakers(passage, waits)
        self._clock = passage.clock

    async def run(self, call: TaskCall) -> Any:
        """What the task returned, restored from what was kept; raises `TaskFailed` and what `output` raises."""
        passage = self._passage
        at = await passage.call(
            call.key,
            "task",
            call.name or call.key,
            _fingerprint(call),
            icon=call.icon,
            params=call.params,
            properties=call.properties,
        )
        known = at.known
        number = 1
        if known is not None:
            if known.status in ("SUCCESS", "FAILED"):
                return await self._again(call, known)
            if known.status == "CANCELLED":
                await self._waits.given_up(known.key)
            number = known.attempt
            if known.status == "RETRYING":
                await self._pause(known.key, number, known.next_attempt_in or 0)
                number += 1
            elif known.status == "WAITING" and known.next_attempt_in is not None:  # a breaker holds it
                await self._waits.block(known.key, passage.expect(known.key, number))
                number += 1
            elif call.effect is not None:
                number, came = await self._after_doubt(call, at.label, known)
                if came is not None:
                    return await self._taken(call, came)
        retry = call.retry or DEFAULT_RETRY
        while True:
            if passage.is_leaving:
                await passage.leave()
            came = await self._attempt(Attempt(call, at.label, number, retry, self._clock.monotonic()))
            if type(came) is Turn:
                return await passage.turns.take(came)
            if came is not None:
                return await self._taken(call, came)
            number += 1

    async def _after_doubt(
        self, call: TaskCall, label: TaskLabel, known: Checkpoint
    ) -> tuple[int, Turn | Checkpoint | None]:
        """An attempt had begun, and nothing more is known of it. Once somebody knows: how it came out, or None and
        the number of the attempt to be made."""
        number, retry = known.attempt, call.retry or DEFAULT_RETRY
        why = CRASHED if known.status == "RUNNING" else None
        answer = await self._doubts.ask(Doubt(call, label, number, retry, why))
        if isinstance(answer, NotDone):
            return number, None  # that nobody knew was no failure of its own
        if isinstance(answer, Done):
            return number, self._done(Attempt(call, label, number, retry, self._clock.monotonic()), answer)
        return (number + 1, None) if answer.status == "RETRYING" else (number, answer)

    async def _taken(self, call: TaskCall, came: Turn | Checkpoint) -> Any:
        """What user code gets, in its turn; a checkpoint has had its turn."""
        return await (self._passage.turns.take(came) if isinstance(came, Turn) else self._value(call, came))

    async def _again(self, call: TaskCall, known: Checkpoint) -> Any:
        """The outcome that was kept, in its turn."""
        passage = self._passage
        if known.position is None:  # settled by a person while nobody was here
            await self._waits.hand_out(known)
        else:
            await passage.replayed(known)
        return await self._value(call, known)

    async def _value(self, call: TaskCall, known: Checkpoint) -> Any:
        """What user code gets of a kept outcome."""
        passage = self._passage
        if known.status == "FAILED":
            raise task_error(known.key, known.attempt, read_failure(known.failure), None)
        try:
            return _restored(call, known.output or "null")
        except DataError as error:
            message = (
                f"the output that was kept of '{known.key}' does not fit its function now: {error.message}"
            )
            passage.owner.drifted(message, known.key)
            return await passage.never()

    async def _pause(self, key: str, number: int, span: int) -> None:
        """Between attempt `number`, which this lease knows from before, and the next one."""
        if span <= LONG_PAUSE:
            await self._clock.sleep(span)
        else:
            await self._waits.block(key, self._passage.expect(key, number))

    # ── one attempt ──────────────────────────────────────────────────────────────────────────────────
    async def _attempt(self, attempt: Attempt) -> Turn | Checkpoint | None:
        """The task's result, on its way to user code, or handed out already; None when another attempt is due."""
        passage, call = self._passage, attempt.call
        if call.breaker is not None:
            attempt.epoch = await self._breakers.admit(call, attempt.label, attempt.number)
            attempt.began = self._clock.monotonic()
        elif call.effect is None:
            passage.channel.begin(attempt.label, attempt.number)
        here = Place(attempt.label.key)
        passage.attempts += 1
        try:
            if call.effect is not None and call.breaker is None:
                await self._doubts.begin(attempt.label, attempt.number)
            output, value = await self._outcome(attempt, here)
        except BaseException as error:
            passage.attempts -= 1
            if passage.is_failure(error):
                return await self._failed(attempt, error)
            self._tell_breaker(attempt, "neither")
            if passage.stop is None:
                passage.owner.reached_safe_point()
                passage.owner.consider_parking()
            raise
        finally:
            here.is_open = False
        passage.attempts -= 1
        return self._succeeded(attempt, output, value)

    def _tell_breaker(self, attempt: Attempt, outcome: Outcome) -> None:
        if attempt.epoch is not None:
            self._breakers.tell(attempt.call, attempt.label.key, attempt.epoch, outcome)
            attempt.epoch = None

    async def _outcome(self, attempt: Attempt, here: Place) -> tuple[str, Any]:
        """The output as it is kept, and as user code gets it. Raises what the function raises, and `_Refused`
        when what it returned cannot be kept."""
        call, key = attempt.call, attempt.label.key
        scope = TaskScope(key, attempt.number, attempt.retry.policy.max_attempts, call.idempotency_key or "")
        place_token, task_token = current_place.set(here), current_task.set(scope)
        try:
            if (halt := faults.at("task.starting")) is not None:
                await halt
            if call.isolation == "process":
                running = run_isolated(call, key)
            elif is_async(call.fn):
                running = call.fn(*call.args, **call.kwargs)
            else:
                running = invoke(call.fn, call.args, call.kwargs)
            if call.timeout is not None:
                running = within(self._clock, call.timeout, running, key)
            result = await running
            if (halt := faults.at("task.returned")) is not None:
                await halt
        finally:
            current_task.reset(task_token)
            current_place.reset(place_token)
        return self._kept_form(call, key, result)

    def _kept_form(self, call: TaskCall, key: str, result: Any) -> tuple[str, Any]:
        """As `_outcome`, of what the function returned."""
        limit = self._passage.held.workplace.registered.max_payload_bytes
        try:
            output = encode(result, what=f"the output of task '{key}'", limit=limit)
            if call.restore is None and type(result) in _SAME_AGAIN:
                return output, result
            return output, _restored(call, output)
        except DataError as error:
            raise _Refused(error) from None

    def _succeeded(self, attempt: Attempt, output: str, value: Any) -> Turn:
        passage, label = self._passage, attempt.label
        self._tell_breaker(attempt, "success")
        position = passage.held.next_position(label.key)
        turn = passage.turns.open(position)
        is_whole = attempt.call.effect is None and passage.channel.take_back(label)
        passage.channel.put(
            TaskSucceeded(label, attempt.number, self._since(attempt), output, position, is_whole),
            functools.partial(self._kept, turn, value, None),
            alone=passage.strands.is_single(),
        )
        if passage.held.keeps(label.key):
            passage.held.keep(
                Checkpoint(
                    label.key, "task", "SUCCESS", attempt.number, label.fingerprint, output, position=position
                )
            )
        return turn

    def _kept(
        self,
        turn: Turn,
        value: Any,
        error: BaseException | None,
        report: ReportAnswer,
        answer: ItemAnswer | None,
    ) -> None:
        self._passage.turns.ready(turn, value, error)

    async def _failed(self, attempt: Attempt, error: BaseException) -> Turn | Checkpoint | None:
        """The failure on its way to user code when this was the last attempt; otherwise None, after the pause."""
        key = attempt.label.key
        if isinstance(error, _Refused):
            self._tell_breaker(attempt, "neither")
            return self._failed_for_good(attempt, output_failure(error.reason, key), error.reason)
        if attempt.epoch is not None:
            self._tell_breaker(attempt, outcome_of(self._decision(attempt, error)))
        if attempt.call.effect is not None and isinstance(error, DOUBTFUL):
            doubt = Doubt(attempt.call, attempt.label, attempt.number, attempt.retry, error.message)
            answer = await self._doubts.ask(doubt)
            if isinstance(answer, Done):
                return self._done(attempt, answer)
            if isinstance(answer, Checkpoint):
                return None if answer.status == "RETRYING" else answer
        failure = raised_failure(error, key)
        decision = self._decision(attempt, error)
        if decision.delay is None:
            return self._failed_for_good(attempt, failure, error)
        await self._until_next(attempt, failure, decision.delay)
        return None

    def _decision(self, attempt: Attempt, error: BaseException) -> RetryDecision:
        return decide(error, attempt.number, attempt.retry, random.random(), self._clock.now())

    def _done(self, attempt: Attempt, found: Done[Any]) -> Turn:
        """It turned out that the attempt was done."""
        try:
            output, value = self._kept_form(attempt.call, attempt.label.key, found.output)
        except _Refused as error:
            failure = output_failure(error.reason, attempt.label.key)
            return self._failed_for_good(attempt, failure, error.reason)
        return self._succeeded(attempt, output, value)

    def _failed_for_good(self, attempt: Attempt, failure: Failure, error: BaseException) -> Turn:
        passage, label, number = self._passage, attempt.label, attempt.number
        raised = task_error(label.key, number, failure, error)
        if raised is not error:
            raised.__cause__ = error
        position = passage.held.next_position(label.key)
        turn = passage.turns.open(position)
        passage.channel.put(
            TaskAttemptFailed(label, number, self._since(attempt), failure, position=position),
            functools.partial(self._kept, turn, None, raised),
            alone=passage.strands.is_single(),
        )
        if passage.held.keeps(label.key):
            text = write_failure(failure)
            passage.held.keep(
                Checkpoint(
                    label.key, "task", "FAILED", number, label.fingerprint, failure=text, position=position
                )
            )
        return turn

    async def _until_next(self, attempt: Attempt, failure: Failure, span: int) -> None:
        """Reports the failed attempt; returns when the next one is due."""
        passage, label, number = self._passage, attempt.label, attempt.number
        is_long = span > LONG_PAUSE
        item = TaskAttemptFailed(label, number, self._since(attempt), failure, span, frees_slot=is_long)
        passage.held.keep(
            Checkpoint(label.key, "task", "RETRYING", number, label.fingerprint, next_attempt_in=span)
        )
        if is_long:
            waiter = passage.expect(label.key, number)
            passage.channel.put(item)
            passage.owner.reached_safe_point()
            await self._waits.block(label.key, waiter)
            return
        kept = Ours(loop=passage.loop)
        passage.channel.put(item, lambda report, answer: settle(kept))
        passage.owner.reached_safe_point()
        await kept
        await self._clock.sleep(span)

    def _since(self, attempt: Attempt) -> int:
        return max(0, self._clock.monotonic() - attempt.began)


#: What JSON gives back as it was: needs no reading again.
_SAME_AGAIN = frozenset({type(None), bool, int, str})


def _fingerprint(call: TaskCall) -> str:
    if call.args or call.kwargs:
        return fingerprint("task", [call.args, call.kwargs])
    return fingerprint_without_input("task")


class _Refused(Exception):
    """The function returned something that cannot be kept."""

    def __init__(self, reason: DataError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _restored(call: TaskCall, output: str) -> Any:
    """What user code gets of a kept output, on the first run and on replay alike."""
    value = decode(output)
    return value if call.restore is None else call.restore(value)
