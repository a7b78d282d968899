"""Durable waits, as the run's code sees them: it blocks until the outcome is there, whoever brings it.

The wait itself lives in the database. While it lasts the code may leave memory; its outcome then comes with
the next claim.
"""

import asyncio
from typing import Any

from mainspring.codec import decode
from mainspring.model.protocol import WaitCancelled, WaitDelivered, WaitStarted
from mainspring.model.tasks import Checkpoint, TaskLabel
from mainspring.model.waits import WaitSpec
from mainspring.sdk.runtime import WaitCall
from mainspring.worker.failures import read_failure, wait_error
from mainspring.worker.keys import fingerprint
from mainspring.worker.passage import Passage, Waiter
from mainspring.worker.strands import WaitFuture


class WaitCalls:
    """The waits of one passage."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    async def wait(self, call: WaitCall) -> Any:
        """The decoded outcome; raises `WaitTimeout`."""
        passage = self._passage
        at = await passage.call(
            call.key,
            call.kind,
            call.name,
            fingerprint(call.kind, _given(call.wait)),
            icon=call.icon,
            params=call.params,
        )
        known = at.known
        if known is None:
            await passage.begin()
            known = await self._block(at.label.key, self._start(at.label, call.wait))
        elif known.status in ("SUCCESS", "FAILED"):
            await self.hand_out(known)
        elif known.status == "CANCELLED":
            await self.given_up(known.key)
        else:
            known = await self._block(known.key, passage.expect(known.key))
        return _outcome(known)

    def _start(self, label: TaskLabel, spec: WaitSpec) -> Waiter:
        passage = self._passage
        waiter = passage.expect(label.key)
        passage.channel.put(WaitStarted(label, spec), written_at=passage.clock.monotonic())
        passage.held.keep(Checkpoint(label.key, label.kind, "WAITING", 1, label.fingerprint))
        return waiter

    async def hand_out(self, known: Checkpoint) -> None:
        """In its turn: by position, or after all that have one."""
        passage = self._passage
        if known.position is not None:
            await passage.replayed(known)
            return
        with passage.replay.handing_out():
            await passage.turns.unpositioned(
                passage.held.arrival(known.key), lambda: self._delivered(known.key)
            )

    def _delivered(self, key: str) -> int:
        """The outcome of a wait reaches user code: gives it its position."""
        held = self._passage.held
        position = held.next_position(key)
        self._passage.channel.put(WaitDelivered(key, position), lazy=True)
        held.place(key, position)
        return position

    async def _block(self, key: str, waiter: Waiter) -> Checkpoint:
        await self.block(key, waiter)
        assert waiter.outcome is not None
        return waiter.outcome

    async def block(self, key: str, waiter: Waiter) -> None:
        """Returns when the waiter is resolved. When the code stops waiting instead, so does the server."""
        passage = self._passage
        passage.owner.consider_parking()
        try:
            await waiter.future
        except asyncio.CancelledError:
            if passage.waiters.get(key) is waiter:
                del passage.waiters[key]
                if passage.stop is None:
                    self.give_up(key)
            raise

    def give_up(self, key: str) -> None:
        """The code waits no longer for what this key stands for."""
        passage = self._passage
        position = passage.held.next_position(key)
        passage.channel.put(WaitCancelled(key, position), lazy=True)
        kept = passage.held.checkpoints.get(key)
        if kept is not None:
            passage.held.checkpoints[key] = Checkpoint(
                key, kept.kind, "CANCELLED", kept.attempt, kept.fingerprint, position=position
            )

    async def given_up(self, key: str) -> None:
        """The code stopped waiting for this on the first run: it will again. Until then it blocks."""
        hopeless = self._passage.hopeless
        future = hopeless[key] = WaitFuture(loop=self._passage.loop)
        self._passage.owner.consider_parking()
        try:
            await future
        finally:
            hopeless.pop(key, None)

    # ── outcomes that arrive ─────────────────────────────────────────────────────────────────────────
    def resolve(self, known: Checkpoint) -> None:
        """A wait resolved, or the time of a retry has come. May be told more than once."""
        passage = self._passage
        waiter = passage.waiters.get(known.key)
        if waiter is None or passage.stop is not None:
            passage.held.learn(known)
        elif known.status in ("SUCCESS", "FAILED"):
            del passage.waiters[known.key]
            waiter.outcome = known
            passage.held.learn(known)
            turn = passage.turns.open(self._delivered(known.key), waiter.future)
            passage.turns.ready(turn)
        elif waiter.attempt is not None and known.attempt == waiter.attempt and not waiter.future.done():
            del passage.waiters[known.key]
            waiter.outcome = known
            waiter.future.set_result(None)
            passage.turns.stir()


def _given(spec: WaitSpec) -> Any:
    """What must be the same on replay. Times are not: code often computes them from the clock."""
    given = [spec.kind, spec.event_name, spec.correlation_id, spec.filter, spec.target_run_id, spec.token_id]
    return [*given, spec.target_run_ids] if spec.target_run_ids else given


def _outcome(known: Checkpoint) -> Any:
    if known.status == "FAILED":
        raise wait_error(known.key, read_failure(known.failure))
    return None if known.output is None else decode(known.output)
