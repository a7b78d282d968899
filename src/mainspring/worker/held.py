"""A run under this worker's lease: what every passage through its body shares, and what its worker lends it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

from mainspring.clock import Clock
from mainspring.model.limits import Limits
from mainspring.model.protocol import ClaimedRun, Registered
from mainspring.model.tasks import FINAL_TASK_STATUSES, Checkpoint
from mainspring.sdk.job import Job
from mainspring.worker.outbox import Channel, Outbox

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
    """One claimed run."""

    def __init__(self, claimed: ClaimedRun, job: AnyJob, workplace: Workplace) -> None:
        self.claimed = claimed
        self.job = job
        self.workplace = workplace
        self.channel: Channel = workplace.outbox.open(claimed.run_id, claimed.lease)
        #: What is known of each task: as claimed, then as notices and (where it may be asked for again) results
        #: bring it up to date.
        self.checkpoints: dict[str, Checkpoint] = {one.key: one for one in claimed.checkpoints}
        #: The order of outcomes that have no position: they are handed out after those that have.
        self._arrivals = {
            one.key: number
            for number, one in enumerate(claimed.checkpoints)
            if one.position is None and one.status in FINAL_TASK_STATUSES
        }
        self._position = max((one.position or 0 for one in claimed.checkpoints), default=0)
        self._lines = 0
        #: By stream, how many chunks of the run's body were reported under this lease.
        self.streamed: Counter[str] = Counter()

    def next_position(self) -> int:
        """The position of the result that reaches user code next."""
        self._position += 1
        return self._position

    def next_line(self) -> int:
        """The number of the next log line under this lease."""
        self._lines += 1
        return self._lines

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remembers a result of this lease, where it can be asked for again: in a nested task, whose parent may
        be tried again, and everywhere under forced replay."""
        if "/" in checkpoint.key or self.workplace.always_replay:
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
