"""The runs a worker holds: taken on, told of news, given back, let go; and those that rest here while parked."""

import threading
from collections.abc import Callable, Iterable

from mainspring.model.protocol import ClaimedRun, Notice, RunDrifted
from mainspring.worker.dormant import Dormant
from mainspring.worker.held import Held, Workplace
from mainspring.worker.tenure import Tenure

Lease = tuple[str, int]


class Roster:
    """Runs by lease. `changed` is called whenever one is let go. Parked runs may rest in `dormant`."""

    def __init__(self, changed: Callable[[], None], dormant: Dormant) -> None:
        self._changed = changed
        self._dormant = dormant
        #: Guards what the keeper's thread reads.
        self._lock = threading.Lock()
        self._held: dict[Lease, Tenure | None] = {}
        #: By run, the tenure whose code was begun last and has not ended, held or not.
        self._newest: dict[str, Tenure] = {}
        self.is_leaving = False
        #: Runs given back unfinished.
        self.released = 0

    def __len__(self) -> int:
        return len(self._held)

    def is_vacant(self) -> bool:
        """Whether nothing is held, and no code of any run is alive here."""
        return not self._held and not self._newest

    def leases(self) -> tuple[Lease, ...]:
        """What is held, for a heartbeat. Callable in any thread."""
        with self._lock:
            return tuple(self._held)

    def take_on(self, claimed: ClaimedRun, workplace: Workplace) -> None:
        """Begins to execute a run, after its last passage here has ended, if there was one."""
        lease = (claimed.run_id, claimed.lease)
        if lease in self._held:
            return  # an answer that was sent twice
        if claimed.run_id in self._dormant and self._goes_on(claimed):
            return
        job = workplace.jobs.get(claimed.job_id)
        if job is None:
            self._decline(claimed, workplace)
            return
        tenure = Tenure(Held(claimed, job, workplace), self._over, self._keeps)
        self._add(lease, tenure)
        if self.is_leaving:
            tenure.give_back()
        previous = self._newest.get(claimed.run_id)
        self._newest[claimed.run_id] = tenure
        if previous is None:
            tenure.start()
        else:
            previous.successor = tenure
            previous.revoke()  # it has parked or lost its lease; its code may still be on the way out

    def _goes_on(self, claimed: ClaimedRun) -> bool:
        """In place, where its code was left. Code that does not fit is dropped; replay begins once it has ended."""
        tenure = self._dormant.take(claimed.run_id)
        if not tenure.fits(claimed):
            tenure.drop()
            return False
        self._add((claimed.run_id, claimed.lease), tenure)
        tenure.resume(claimed)
        return True

    def _keeps(self, tenure: Tenure) -> bool:
        if not self._dormant.admits(tenure):
            return False
        tenure.rest()
        self._dormant.keep(tenure)
        self._remove((tenure.run_id, tenure.lease))
        return True

    def tell(self, notice: Notice) -> None:
        """News about a run. What concerns another lease than the one held is passed over."""
        tenure = self._held.get((notice.run_id, notice.lease))
        if tenure is not None:
            tenure.notice(notice)

    def give_back(self, *, at_once: bool = False) -> None:
        """Every run, and from now on whatever still comes: at the next safe point, or `at_once`."""
        self.is_leaving = True
        for tenure in self._all():
            tenure.give_back(at_once=at_once)

    def revoke(self) -> None:
        """All leases are gone, and what rests here is not counted on either."""
        self._dormant.clear()
        for tenure in self._all():
            tenure.revoke()

    def _all(self) -> Iterable[Tenure]:
        return [tenure for tenure in self._held.values() if tenure is not None]

    def _decline(self, claimed: ClaimedRun, workplace: Workplace) -> None:
        """A job that this worker does not have: a person must see it, the run is not lost."""
        lease = (claimed.run_id, claimed.lease)
        channel = workplace.outbox.open(*lease)
        channel.on_lost = lambda: self._remove(lease)
        self._add(lease, None)
        message = f"the worker it was given to has no job '{claimed.job_id}'"
        channel.put(RunDrifted(message), lambda report, answer: self._remove(lease))

    def _add(self, lease: Lease, tenure: Tenure | None) -> None:
        with self._lock:
            self._held[lease] = tenure

    def _remove(self, lease: Lease) -> None:
        with self._lock:
            self._held.pop(lease, None)
        self._changed()

    def _over(self, tenure: Tenure) -> None:
        self.released += tenure.was_released
        if self._newest.get(tenure.run_id) is tenure:
            del self._newest[tenure.run_id]
        if tenure.successor is not None:
            tenure.successor.start()
        self._remove((tenure.run_id, tenure.lease))
