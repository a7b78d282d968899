"""A run under this worker's lease: what every passage through its body shares, and what its worker lends it."""

import asyncio
from collections.abc import Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

from mainspring.clock import Clock
from mainspring.model.limits import Limits
from mainspring.model.protocol import ClaimedRun, Registered
from mainspring.model.tasks import FINAL_TASK_STATUSES, Checkpoint
from mainspring.sdk.job import Job
from mainspring.worker.outbox import Channel, Outbox
from mainspring.worker.sealing import still_sealed

AnyJob = Job[..., Any, Any]


@dataclass(slots=True)
class Workplace:
    """What all runs of a worker share."""

    loop: asyncio.AbstractEventLoop
    clock: Clock
    outbox: Outbox
    jobs: Mapping[str, AnyJob]
    registered: Registered
    limits: Limits
    #: What user code's own contextvars begin from.
    context: Context
    #: Forced replay, for tests: user code begins anew after every outcome.
    always_replay: bool = False


class Held:
    """One claimed run; again, under its next lease, when its code stayed in memory while it was parked."""

    def __init__(self, claimed: ClaimedRun, job: AnyJob, workplace: Workplace) -> None:
        self.job = job
        self.workplace = workplace
        #: What is known of each task: as claimed, then as notices and (where it may be asked for again) results
        #: bring it up to date.
        self.checkpoints: dict[str, Checkpoint] = {}
        #: By stream, how many chunks of the run's body were reported by code that is alive here.
        self.streamed: dict[str, int] = {}
        #: The last position, and what has one, each with its own, as a sum over both.
        self._position = max((one.position or 0 for one in claimed.checkpoints), default=0)
        self._order = _order_of(claimed.checkpoints)
        self.hold(claimed)

    def hold(self, claimed: ClaimedRun) -> None:
        """Under this lease from now on."""
        self.claimed = claimed
        self.channel: Channel = self.workplace.outbox.open(claimed.run_id, claimed.lease)
        self.checkpoints.update((one.key, one) for one in claimed.checkpoints)
        #: The order of outcomes that have no position: they are handed out after those that have.
        self._arrivals = {
            one.key: number
            for number, one in enumerate(claimed.checkpoints)
            if one.position is None and one.status in FINAL_TASK_STATUSES
        }
        self._lines = 0
        self._is_looked_at = False

    def is_taken_up(self) -> bool:
        """Once per lease: whether some worker, perhaps this one, had the run before."""
        is_first_look, self._is_looked_at = not self._is_looked_at, True
        return is_first_look and self.claimed.lease > 1

    def rest(self) -> None:
        """The run has parked and its code stays in memory: lets go of what the next claim brings again."""
        self.channel.close()
        self.checkpoints.clear()
        self._arrivals.clear()
        self.claimed = replace(self.claimed, payload="", event=None, metadata="{}", checkpoints=())

    def is_continued_by(self, claimed: ClaimedRun, waiting_for: Iterable[str]) -> bool:
        """Whether a claim of the run goes on exactly where its code was left: nobody held the run in between,
        all that was handed out here and nothing else is known of it, and what the code waits for is open, or
        has resolved since."""
        left = self.claimed
        waiting = {one.key for one in claimed.checkpoints if one.position is None}
        return (
            claimed.lease == left.lease + 1
            and (claimed.job_id, claimed.attempt) == (left.job_id, left.attempt)
            and (claimed.max_attempts, claimed.deadline_at) == (left.max_attempts, left.deadline_at)
            and not claimed.cancel_requested
            and _order_of(claimed.checkpoints) == self._order
            and waiting.issuperset(waiting_for)
            and still_sealed(claimed) is None
        )

    def resolved(self) -> list[Checkpoint]:
        """What had resolved when the run was claimed, and has not reached user code."""
        return [
            one
            for one in self.claimed.checkpoints
            if (one.status in ("SUCCESS", "FAILED") and one.position is None)
            or (one.status == "RETRYING" and not one.next_attempt_in)
        ]

    def next_position(self, key: str) -> int:
        """The position of the result that reaches user code next, which is that of `key`."""
        self._position += 1
        self._order ^= hash((key, self._position))
        return self._position

    def next_line(self) -> int:
        """The number of the next log line under this lease."""
        self._lines += 1
        return self._lines

    def keeps(self, key: str) -> bool:
        """Whether a result of this lease can be asked for again: in a nested task, whose parent may be tried
        again, and everywhere under forced replay."""
        return "/" in key or self.workplace.always_replay

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remembers a result of this lease, where it can be asked for again."""
        if self.keeps(checkpoint.key):
            self.checkpoints[checkpoint.key] = checkpoint

    def place(self, key: str, position: int) -> None:
        """A wait's result got its position."""
        kept = self.checkpoints.get(key)
        if kept is not None:
            self.checkpoints[key] = replace(kept, position=position)

    def learn(self, checkpoint: Checkpoint) -> None:
        """A wait that nobody waits for at the moment has resolved: its outcome is there when it is asked for."""
        kept = self.checkpoints.get(checkpoint.key)
        if kept is None or kept.status in FINAL_TASK_STATUSES or checkpoint.attempt < kept.attempt:
            return
        if checkpoint.status == kept.status or kept.status == "WAITING":
            self.checkpoints[checkpoint.key] = checkpoint
            self._arrivals[checkpoint.key] = len(self.claimed.checkpoints) + len(self._arrivals)

    def arrival(self, key: str) -> int:
        """Where an outcome stands among those without a position."""
        return self._arrivals.get(key, 0)


def _order_of(checkpoints: Iterable[Checkpoint]) -> int:
    """A digest of what has which position, that grows with each result and costs a parked run no memory."""
    order = 0
    for one in checkpoints:
        if one.position is not None:
            order ^= hash((one.key, one.position))
    return order
