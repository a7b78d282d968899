"""Looks after time and workers: fires timers when they are due, ends workers that fell silent.

The next timer is kept in memory, so an idle engine asks the database nothing.
"""

import asyncio
import contextlib
import logging
from typing import Any

from mainspring import faults
from mainspring.clock import SECOND, Clock, Instant
from mainspring.engine.commands import EndWorkers, FireTimers, NoteSilence, TimersFired
from mainspring.engine.committer import Committer
from mainspring.engine.silence import Silence
from mainspring.engine.timing import Timing
from mainspring.errors import MainspringError
from mainspring.model.workers import Worker
from mainspring.storage.database import Database
from mainspring.storage.shapes import WORKER

log = logging.getLogger("mainspring.engine")


class Lookout:
    """Two loops beside the committer: timers and workers."""

    def __init__(self, committer: Committer, database: Database, *, clock: Clock, timing: Timing) -> None:
        self._committer = committer
        self._database = database
        self._clock = clock
        self._timing = timing
        self._loops: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_at: Instant | None = None
        self._sooner = asyncio.Event()
        self._silence = Silence(clock, timing)
        self._is_missed = asyncio.Event()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loops = [asyncio.ensure_future(self._keep(look)) for look in (self._fire, self._watch)]

    async def stop(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    def notice_timer(self, at: Instant | None) -> None:
        """From any thread: something is due at this instant."""
        if at is not None and (self._next_at is None or at < self._next_at) and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the next start asks the database
                self._loop.call_soon_threadsafe(self._come_sooner, at)

    def _come_sooner(self, at: Instant) -> None:
        if self._next_at is None or at < self._next_at:
            self._next_at = at
            self._sooner.set()

    async def _keep(self, look: Any) -> None:
        """Runs a loop for ever: a fault of the database is told (once) and outlived, and so is one of ours."""
        told = ""
        while True:
            try:
                await look()
                if told:
                    log.warning("the engine's lookout works again")
                told = ""
            except MainspringError as error:
                if str(error) != told:
                    log.warning("the engine's lookout goes on after: %s", error)
                told = str(error)
                await self._clock.sleep(self._timing.longest_nap)
            except Exception:  # or no timer would ever fire again
                log.exception("the engine's lookout goes on after a fault")
                await self._clock.sleep(self._timing.longest_nap)

    # ── timers ───────────────────────────────────────────────────────────────────────────────────────
    async def _fire(self) -> None:
        self._sooner.clear()
        self._next_at = None
        faults.at("timers.due")
        fired: TimersFired = await self._committer.submit(FireTimers()).future  # type: ignore[misc]  # submitted on a loop
        if fired.next_at is not None:
            self._come_sooner(fired.next_at)
        await self._until_due()

    async def _until_due(self) -> None:
        """Naps until the next timer; comparing the clock costs no query, so a jump is noticed within a nap.

        One back ends the waiting too: what was worked out before it may lie far ahead now.
        """
        latest = self._clock.now()
        while True:
            self._sooner.clear()
            left = self._timing.longest_nap
            if (now := self._clock.now()) < latest - SECOND:
                return
            latest = max(latest, now)
            if self._next_at is not None:
                left = min(left, self._next_at - self._clock.now())
                if left <= 0:
                    return
            await self._nap(left, self._sooner)

    async def _nap(self, span: int, until: asyncio.Event) -> None:
        """That long, or until the event."""
        nap = asyncio.ensure_future(self._clock.sleep(span))
        sooner = asyncio.ensure_future(until.wait())
        try:
            await asyncio.wait({nap, sooner}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            sooner.cancel()

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────
    def hung_up(self, worker_id: str) -> None:
        """A worker's claim broke off; on the loop. They are looked over soon."""
        self._silence.hung_up(worker_id)
        self._is_missed.set()

    async def _watch(self) -> None:
        self._is_missed.clear()
        workers = await asyncio.to_thread(self._live_workers)
        silent, deaf = self._silence.judge(workers)
        for reason, sightings in (("heartbeats_missed", silent), ("deafened", deaf)):
            if sightings:
                log.warning("ending %d worker(s): %s", len(sightings), reason)
                command = EndWorkers(reason, sightings=tuple(sightings))  # type: ignore[arg-type]  # one of two literals
                await self._committer.submit(command).future  # type: ignore[misc]  # submitted on a loop
        quiet = self._silence.quiet(workers)
        if quiet:
            await self._committer.submit(NoteSilence(quiet)).future  # type: ignore[misc]  # submitted on a loop
        # Often while one is missed: a server that lives shortly leaves all it heard to the next.
        await self._clock.sleep(min(self._timing.listen_every, self._timing.sweep_every))
        if not quiet:
            await self._nap(self._timing.sweep_every - self._timing.listen_every, self._is_missed)

    def _live_workers(self) -> list[Worker]:
        with self._database.read() as tx:
            return WORKER.values(tx.rows("live_workers"))
