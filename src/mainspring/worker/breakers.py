"""Attempts of tasks that have a circuit breaker: they ask before they begin, wait while it is open, and tell how they
came out. Tasks without one pay nothing."""

from mainspring.codec import decode
from mainspring.model.breakers import BreakerAsked, BreakerTold, Outcome
from mainspring.model.protocol import ItemAnswer, ReportAnswer
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.sdk.retry import RetryDecision
from mainspring.sdk.runtime import TaskCall
from mainspring.worker.passage import Passage, Waiter
from mainspring.worker.strands import Ours, settle
from mainspring.worker.waits import WaitCalls

#: Of a failed attempt: whatever follows, a further one could have been right, so it may be the service that is down.
_COUNTS = frozenset({"backoff", "retry_after", "exhausted"})


class Breakers:
    """Those of one passage."""

    def __init__(self, passage: Passage, waits: WaitCalls) -> None:
        self._passage = passage
        self._waits = waits

    async def admit(self, call: TaskCall, label: TaskLabel, number: int) -> int:
        """Returns when the attempt may begin, with the breaker's epoch in which it does. Its beginning is kept."""
        passage = self._passage
        while True:
            await passage.begin()
            # Before the question: that the breaker lets it try may be told before the answer is here.
            waiter = passage.expect(label.key, number - 1)
            try:
                epoch = await self._ask(call, label, number)
            except BaseException:
                self._forget(label.key, waiter)
                raise
            if epoch is not None:
                self._forget(label.key, waiter)
                return epoch
            passage.owner.reached_safe_point()
            await self._waits.block(label.key, waiter)

    def _forget(self, key: str, waiter: Waiter) -> None:
        if self._passage.waiters.get(key) is waiter:
            del self._passage.waiters[key]

    async def _ask(self, call: TaskCall, label: TaskLabel, number: int) -> int | None:
        """The answer: an epoch, or None when the task is held."""
        assert call.breaker is not None
        passage, asked = self._passage, Ours(loop=self._passage.loop)
        came: list[int | None] = []

        def answered(report: ReportAnswer, answer: ItemAnswer | None) -> None:
            epoch = None if answer is None else decode(answer.output or "null")
            came.append(epoch)
            known = (
                Checkpoint(label.key, "task", "WAITING", number - 1, label.fingerprint, next_attempt_in=0)
                if epoch is None
                else Checkpoint(label.key, "task", "RUNNING", number, label.fingerprint)
            )
            passage.held.keep(known)
            settle(asked)

        item = BreakerAsked(label, number, call.breaker.spec, is_once=call.effect is not None)
        passage.attempts += 1
        passage.channel.put(item, answered, alone=passage.strands.is_single())
        try:
            await asked
        except BaseException:
            self.tell(call, label.key, None, "neither")
            if passage.stop is None:
                self._waits.give_up(label.key)
            raise
        finally:
            passage.attempts -= 1
        return came[0]

    # ── how it came out ──────────────────────────────────────────────────────────────────────────────
    def tell(self, call: TaskCall, key: str, epoch: int | None, outcome: Outcome) -> None:
        """Rides along with what the attempt itself reports. `epoch`: that in which it was let in."""
        assert call.breaker is not None
        self._passage.channel.put(BreakerTold(key, call.breaker.name, epoch, outcome), lazy=True)


def outcome_of(decision: RetryDecision) -> Outcome:
    """What a failed attempt says of the service; `decision`: what its task's `retry` says of it."""
    return "failure" if decision.reason in _COUNTS else "neither"
