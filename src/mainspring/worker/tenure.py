"""A claimed run from grant to end: its passages, the notices about it, and every way it can leave this worker.

It ends here in exactly one way: its last item is acknowledged, it is parked, or its lease is lost. One that has
parked may rest in memory, with neither slot nor lease, and go on in place under the run's next lease.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable
from contextvars import Context

from mainspring import faults
from mainspring.errors import MainspringError
from mainspring.model.protocol import (
    ClaimedRun,
    Item,
    ItemAnswer,
    Notice,
    ReportAnswer,
    RunAttemptFailed,
    RunCancelConfirmed,
    RunDrifted,
    RunParked,
    RunReleased,
    RunSucceeded,
)
from mainspring.model.tasks import Checkpoint
from mainspring.sdk.context import Context as UserContext
from mainspring.sdk.hooks import HookName
from mainspring.worker.body import Body, Ending, context_of
from mainspring.worker.failures import failure_of
from mainspring.worker.held import Held
from mainspring.worker.hooks import HookCalls
from mainspring.worker.keys import current_place
from mainspring.worker.parking import Parking
from mainspring.worker.passage import Passage
from mainspring.worker.runtime import RunRuntime
from mainspring.worker.shown import Shown
from mainspring.worker.stops import Cancelled, Guarded, Revoked, Stop, Suspended
from mainspring.worker.strands import Ours, current_strands, settle

log = logging.getLogger("mainspring.worker")

#: User code that swallows its cancellation is cancelled again after this many seconds, so many times.
_AGAIN_AFTER, _MOST_CANCELS = 1.0, 5


class Tenure:
    """One run under one lease. `on_over` is called once, when this worker has nothing more to do with it.
    `on_parked` is asked whether code that is parked may rest here; its lease and slot are gone if so."""

    def __init__(
        self, held: Held, on_over: Callable[["Tenure"], None], on_parked: Callable[["Tenure"], bool]
    ) -> None:
        self.held = held
        self.run_id, self.lease = held.claimed.run_id, held.claimed.lease
        self._on_over = on_over
        self._on_parked = on_parked
        self._loop = held.workplace.loop
        self._shown = Shown(held)
        self._passage: Passage
        self._parking: Parking
        #: Slot and lease are gone; its code may still be there.
        self._has_parked = False
        self._runtime: RunRuntime
        self._ctx: UserContext
        self._hooks: HookCalls | None = None
        #: What is to be done once user code has stopped.
        self._then: Callable[[], None] = _nothing
        #: The last item, once the run is to be given back or has drifted.
        self._leaving_with: Item | None = None
        #: The same run under a newer lease, which begins when this one is over.
        self.successor: Tenure | None = None
        #: Notices that came before the start, or while the server was asked to park the run.
        self._late: list[Notice] = []
        self._patience: asyncio.TimerHandle | None = None
        self._is_started = False
        self._is_ending = False
        #: The run was cancelled: only its hooks for that are called.
        self._is_cancelling = False
        self._was_refused = False
        self.is_over = False
        self.was_released = False
        self._listen()

    def _listen(self) -> None:
        channel = self.held.channel
        channel.on_lost, channel.on_refused = self.revoke, self._refused

    # ── passages ─────────────────────────────────────────────────────────────────────────────────────
    def start(self) -> None:
        """Begins the first passage. Not for a run whose cancel was asked for before it was claimed."""
        if self.is_over:
            return  # revoked before it began
        self._is_started = True
        if self._leaving_with is not None:
            self._finish(self._leaving_with)
        elif self.held.claimed.cancel_requested:
            self._cancelled()
        else:
            self._begin()
            self._hear_late()

    def _begin(self) -> None:
        if self._leaving_with is not None:
            self._finish(self._leaving_with)
            return
        hooks = "on_cancel" if self._is_cancelling else None
        passage = self._passage = Passage(self.held, self, hooks)
        self._parking = Parking(passage, self._park, self._stuck)
        self._runtime = RunRuntime(passage, self._shown)
        self._ctx = context_of(self.held, is_replay=passage.replay.is_replaying)
        body = Body(passage, self._runtime, self._ctx)
        self._hooks = body.hooks
        context = self.held.workplace.context.copy()
        context.run(current_strands.set, passage.strands)
        context.run(current_place.set, passage.body)
        playing = body.play(is_cancelled=self._is_cancelling)
        strand = self._loop.create_task(Guarded(playing, passage.reason), context=context)
        passage.strands.begin(strand)
        strand.add_done_callback(functools.partial(self._played, passage), context=Context())

    def _cancelled(self) -> None:
        """Nothing of the run's code is at work any more; its hooks for that are called before the end."""
        if not self.held.job.hooks_for("on_cancel"):
            self._finish(RunCancelConfirmed())
        else:
            self._is_cancelling = True
            self._begin()  # or gives it back, for another worker to call them

    def _played(self, passage: Passage, strand: "asyncio.Task[Ending]") -> None:
        """The body came to its end, by itself unless the passage was stopped."""
        if passage.stop is not None or passage.is_dormant:
            return  # `_stop` sees to the rest
        if strand.cancelled() or strand.exception() is not None:
            error = strand.exception() if not strand.cancelled() else asyncio.CancelledError()
            assert error is not None
            ending: Ending = RunAttemptFailed(failure_of(error), 0)
        else:
            ending = strand.result()
        if isinstance(ending, RunSucceeded):
            self._report_left_out(passage)
        left = passage.strands.pending()
        if left:
            message = (
                f"{len(left)} asyncio tasks of the job were still at work when it returned; they were stopped"
            )
            self._runtime.log("WARNING", message, None, "mainspring")
            self._stop(Suspended, lambda: self._finish(ending))
        else:
            passage.end(Suspended)
            passage.is_closed = True
            self._finish(ending)

    def _report_left_out(self, passage: Passage) -> None:
        keys = passage.replay.left_out()
        if keys:
            shown = ", ".join(f"'{key}'" for key in keys[:10]) + (", ..." if len(keys) > 10 else "")
            message = f"finished tasks that the code did not ask for any more: {shown}"
            passage.replay.catch_up()
            self._runtime.log("WARNING", message, {"tasks": keys[:100]}, "mainspring")

    # ── what the passage tells ───────────────────────────────────────────────────────────────────────
    def caught_up(self) -> None:
        self._ctx.run.is_replay = False

    def consider_parking(self) -> None:
        self._parking.consider()

    def is_idle(self) -> None:
        if self._passage.strands.are_blocked_on(Ours):
            self._passage.replay.catch_up()  # all that is known was asked for, or never will be
        self.reached_safe_point()
        self._parking.look()

    def reached_safe_point(self) -> None:
        if self._leaving_with is not None and self._passage.is_safe():
            self._leave()

    def takes_over(self) -> bool:
        passage = self._passage
        if self._leaving_with is None and not self.held.workplace.always_replay:
            return False
        if passage.attempts or not passage.turns.is_last() or passage.strands.are_in_threads():
            return False
        if self._leaving_with is not None:
            self._leave()
            return True
        if self.held.workplace.always_replay:
            self._stop(Suspended, self._begin)
            return True
        return False

    def drifted(self, message: str, key: str | None) -> None:
        if self._leaving_with is None:
            self._leaving_with = RunDrifted(message, key)
            self._passage.is_leaving = True
        self.reached_safe_point()

    def _stuck(self, key: str) -> None:
        message = f"the code waits for '{key}', which it had stopped waiting for when it ran first"
        self.drifted(message, key)

    # ── what the worker tells ────────────────────────────────────────────────────────────────────────
    def notice(self, notice: Notice) -> None:
        """News from the server about this lease."""
        if self._is_ending or self.is_over:
            return
        if notice.lease_ended:
            self.revoke()
        elif not self._is_started or self._passage.parking is not None:
            self._late.append(notice)
        elif notice.cancel_requested and not self._is_cancelling:
            self._stop(Cancelled, self._cancelled)
        else:
            for known in notice.resolved:
                self._runtime.waits.resolve(known)

    def give_back(self, *, at_once: bool = False) -> None:
        """Lets another worker go on: at the next safe point, or `at_once`."""
        if self._is_ending or self.is_over:
            return
        if self._leaving_with is None:
            self._leaving_with = RunReleased()
        if not self._is_started:
            return
        self._passage.is_leaving = True
        if at_once and self._passage.parking is None:
            self._leave()
        else:
            self.reached_safe_point()

    def revoke(self) -> None:
        """The lease is gone: stop, report nothing more."""
        if self.is_over or self._has_parked:
            return
        self.held.channel.close()
        if self._is_ending or not self._is_started:
            self._over()
        else:
            self._stop(Revoked, self._over)

    def _refused(self, error: MainspringError) -> None:
        """The server will not take what was reported, however often it is sent: the run fails with its reason."""
        failed = RunAttemptFailed(failure_of(error), 0)
        if self._was_refused:
            self.revoke()  # not even that
        elif self._is_ending:
            self._finish(failed)
        else:
            self._stop(Suspended, lambda: self._finish(failed))
        self._was_refused = True

    # ── leaving ──────────────────────────────────────────────────────────────────────────────────────
    def _park(self, keys: tuple[str, ...]) -> None:
        self._passage.parking = Ours(loop=self._loop)
        self._after_hook("on_wait", lambda: self._ask_to_park(keys))

    def _after_hook(self, name: HookName, then: Callable[[], None]) -> None:
        if self._hooks is not None and self.held.job.hooks_for(name):
            self._hooks.notify_then(name, then)
        else:
            then()

    def _ask_to_park(self, keys: tuple[str, ...]) -> None:
        self._shown.finish_lines()
        self.held.channel.put(RunParked(keys), self._park_answered, alone=True)

    def _park_answered(self, report: ReportAnswer, answer: ItemAnswer | None) -> None:
        if report.parked:
            faults.at("run.parked")
            self._has_parked = True
            if not (self._passage.may_rest() and self._on_parked(self)):
                self._stop(Suspended, self._over)
            return
        self._after_hook("on_resume", lambda: self._go_on(report.resolved))

    def _go_on(self, resolved: Iterable[Checkpoint]) -> None:
        """The code that was about to leave stays, and gets what has resolved."""
        parking, self._passage.parking = self._passage.parking, None
        for known in resolved:
            self._runtime.waits.resolve(known)
        self._hear_late()
        if parking is not None:
            settle(parking)
        self.reached_safe_point()
        self._parking.look_later()

    # ── resting in memory ────────────────────────────────────────────────────────────────────────────
    def size(self) -> int:
        """How many asyncio tasks its code consists of."""
        return self._passage.strands.count()

    def rest(self) -> None:
        """It has parked, and its code stays as it is. Nothing it might still do counts from here on."""
        self._passage.is_dormant = True
        self._late.clear()
        self.held.rest()
        self._shown.read()

    def fits(self, claimed: ClaimedRun) -> bool:
        """Whether the code that rests here is exactly where a replay of this claim would come to."""
        passage = self._passage
        return passage.may_rest() and self.held.is_continued_by(claimed, passage.waiters)

    def resume(self, claimed: ClaimedRun) -> None:
        """Goes on in place, under the lease of a claim that fits."""
        self.lease = claimed.lease
        self.held.hold(claimed)
        self._listen()
        self._shown.read()
        self._has_parked = self._passage.is_dormant = False
        self.held.is_taken_up()
        self._after_hook("on_resume", lambda: self._go_on(self.held.resolved()))

    def drop(self) -> None:
        """Its code ends as it would have when the run was parked."""
        self._stop(Suspended, self._over)

    def _hear_late(self) -> None:
        late, self._late = self._late, []
        for notice in late:
            self.notice(notice)

    def _leave(self) -> None:
        item = self._leaving_with
        assert item is not None
        if self._passage.parking is None:
            self._stop(Suspended, lambda: self._finish(item))

    def _stop(self, stop: Stop, then: Callable[[], None]) -> None:
        """Stops user code, then does `then`. A lost lease overrides any other reason."""
        passage = self._passage
        if passage.stop is not None:
            if stop is Revoked or self._then == self._begin:
                passage.stop, self._then = stop, then
            return
        self._then = then
        passage.end(stop)
        passage.strands.cancel()
        passage.strands.when_over(functools.partial(self._stopped, passage), Context())
        self._be_patient(passage, 1)

    def _stopped(self, passage: Passage) -> None:
        """All of the passage's code has ended (or is given up)."""
        if passage.is_closed or passage is not self._passage:
            return
        passage.is_closed = True
        if self._patience is not None:
            self._patience.cancel()
        self._then()

    def _be_patient(self, passage: Passage, count: int) -> None:
        self._patience = self._loop.call_later(
            _AGAIN_AFTER, self._cancel_again, passage, count, context=Context()
        )

    def _cancel_again(self, passage: Passage, count: int) -> None:
        if passage.is_closed:
            return
        if count < _MOST_CANCELS:
            passage.strands.cancel()
            self._be_patient(passage, count + 1)
            return
        log.error("run %s: code of job '%s' does not stop when cancelled", self.run_id, self.held.job.id)
        self._stopped(passage)

    def _finish(self, item: Item) -> None:
        """Reports the last item."""
        self._is_ending = True
        self._shown.finish_lines()
        self.held.channel.put(item, lambda report, answer: self._ended(item), alone=True)

    def _ended(self, item: Item) -> None:
        self.was_released = isinstance(item, RunReleased)
        self._over()

    def _over(self) -> None:
        if not self.is_over:
            self.is_over = True
            self.held.channel.close()
            self._on_over(self)
            self._forget()

    def _forget(self) -> None:
        """Unties what refers to one another, so that all of it goes at once: a garbage collector that has to find
        thousands of ended runs holds up the loop."""
        self._then = _nothing
        if self._is_started and hasattr(self, "_passage"):
            self._passage.strands.forget()
            del self._passage, self._parking, self._runtime
            self._hooks = None


def _nothing() -> None:
    pass
