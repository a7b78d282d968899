"""Who waits here for the ends of runs, and of which runs an end would have been heard."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from mainspring.model.wake import Wake

#: So many runs started here are known not to have ended; older ones are looked at by whoever begins to wait.
MOST_UNENDED = 10_000


class Ends:
    """For one event loop; `concerned` may be asked on any thread. Who is told looks again: it may be a false alarm."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}
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
    def told_about(self, *run_ids: str) -> Iterator[asyncio.Future[None]]:
        """A future that is done when one of the runs ended, or may have."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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

    def tell(self, run_ids: Iterable[str]) -> None:
        """These have ended, or may have."""
        for run_id in run_ids:
            self._unended.pop(run_id, None)
            for waiter in self._waiters.get(run_id, ()):
                if not waiter.done():
                    waiter.set_result(None)
