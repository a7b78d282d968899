"""Who waits here for the ends of runs, and of which runs an end would have been heard."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from mainspring.model.runs import Run
from mainspring.model.wake import Wake

#: So many runs started here are known not to have ended; older ones are looked at by whoever begins to wait.
MOST_UNENDED = 10_000

_NONE: Mapping[str, Run] = {}
#: None: its time is over.
_Told = asyncio.Future[list[Run] | None]


class Ends:
    """For one event loop; `concerned` and `awaited` may be asked on any thread. Who is told looks again, unless the run
    itself comes with it: it may be a false alarm."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: dict[str, set[_Told]] = {}
        #: Runs started here of which nothing was heard since, and their environments.
        self._unended: dict[str, str] = {}

    def __len__(self) -> int:
        """How many runs are waited for."""
        return len(self._waiters)

    def expect(self, environment_id: str, run_ids: Iterable[str]) -> None:
        """Runs that are about to be started here: their ends will be told, so nobody need look before."""
        for run_id in run_ids:
            self._unended[run_id] = environment_id
        for run_id in tuple(islice(self._unended, max(0, len(self._unended) - MOST_UNENDED))):
            del self._unended[run_id]

    def are_to_come(self, environment_id: str, run_ids: Iterable[str]) -> bool:
        """Whether all of the runs were started here and none of their ends was told yet."""
        return all(self._unended.get(run_id) == environment_id for run_id in run_ids)

    @contextmanager
    def told_about(self, *run_ids: str) -> Iterator["_Told"]:
        """A future that is done when one of the runs ended, or may have: with those that are known to, as they did."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        told: _Told = self._loop.create_future()
        for run_id in run_ids:
            self._waiters.setdefault(run_id, set()).add(told)
        try:
            yield told
        finally:
            for run_id in run_ids:
                waiters = self._waiters.get(run_id, set())
                waiters.discard(told)
                if not waiters:
                    self._waiters.pop(run_id, None)

    def concerned(self, wake: Wake) -> list[str]:
        """The runs that `tell` is to be called with after a commit."""
        if wake.is_everything:
            return [*self._waiters, *self._unended]
        return [one for one in wake.finished if one in self._waiters or one in self._unended]

    def awaited(self, run_ids: Iterable[str]) -> list[str]:
        """Those of the runs that somebody waits for."""
        return [one for one in run_ids if one in self._waiters]

    def tell(self, run_ids: Iterable[str], ended: Mapping[str, Run] = _NONE) -> None:
        """These have ended, or may have; some of them as they did."""
        for run_id in run_ids:
            self._unended.pop(run_id, None)
            row = ended.get(run_id)
            for waiter in self._waiters.get(run_id, ()):
                if not waiter.done():
                    waiter.set_result([])
                rows = None if row is None or waiter.cancelled() else waiter.result()
                if row is not None and rows is not None:
                    rows.append(row)  # whoever waits reads them in a later turn of the loop
