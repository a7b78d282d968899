"""Who should look now, once a batch is committed. Hints only: losing one loses time, nothing else."""

from dataclasses import dataclass, field

from mainspring.clock import Instant
from mainspring.model.runs import Run


@dataclass(slots=True)
class Wake:
    """What one committed batch made worth looking at."""

    #: Environments in which runs became claimable, and workers that must be told something.
    ready: set[str] = field(default_factory=set)
    attention: set[str] = field(default_factory=set)
    #: Runs that ended.
    finished: set[str] = field(default_factory=set)
    #: Those of them whose end somebody waits for in this process, as they ended.
    ended: dict[str, Run] = field(default_factory=dict)
    #: Runs whose history or log grew: for whoever shows them live.
    grown: set[str] = field(default_factory=set)
    #: The earliest new timer.
    timer_at: Instant | None = None
    #: What happened is not known, or too much to name: whoever waits for anything looks again.
    is_everything: bool = False

    def at(self, instant: Instant | None) -> None:
        """Notes a new timer."""
        if instant is not None and (self.timer_at is None or instant < self.timer_at):
            self.timer_at = instant

    def is_empty(self) -> bool:
        """Whether it concerns nobody."""
        return not (
            self.ready or self.attention or self.finished or self.grown or self.timer_at or self.is_everything
        )
