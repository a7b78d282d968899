"""Parked runs whose code stays in memory, so that it goes on in place if they come back to this worker.

Nothing depends on it: what is not here, or does not fit, is replayed. Memory is bounded by a number of asyncio
tasks, which is what a run has at least one of; those that parked first make room for those that park next.
"""

from mainspring.worker.tenure import Tenure


class Dormant:
    """At most `most` asyncio tasks of parked runs; 0 keeps none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        #: By run, with what each counts; those that parked first stand first.
        self._kept: dict[str, tuple[Tenure, int]] = {}

    def admits(self, tenure: Tenure) -> bool:
        """Whether the run's code is small enough to be kept at all."""
        return tenure.size() <= self._most

    def keep(self, tenure: Tenure) -> None:
        """One that was admitted and has come to rest. Others may be dropped."""
        size = tenure.size()
        self._kept[tenure.run_id] = (tenure, size)
        self._count += size
        while self._count > self._most:
            self.take(next(iter(self._kept))).drop()

    def take(self, run_id: str) -> Tenure:
        """Gives up a run that is here."""
        tenure, size = self._kept.pop(run_id)
        self._count -= size
        return tenure

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._kept

    def clear(self) -> None:
        """Drops all."""
        for run_id in list(self._kept):
            self.take(run_id).drop()
