"""Looks after time and workers: fires timers when they are due, ends workers that fell silent.

The next timer is kept in memory, so an idle engine asks the database nothing. Silence is measured with this
process's own monotonic clock, from when it last saw a worker move: a jump of the wall's clock ends nobody. Nor
does this process's own absence (not started yet, frozen, or without its database): whoever did not look has heard
nothing. Half of a silence it must have listened to; the other half may be from before, or a worker that dies while
servers or the database come and go would be missed for long. What was listened to is kept with the worker, so that
servers that live shortly, one after another, add up.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Any

from mainspring import faults
from mainspring.clock import SECOND, Clock, Instant
from mainspring.engine.commands import EndWorkers, FireTimers, NoteSilence, TimersFired, WorkerSighting
from mainspring.engine.committer import Committer
from mainspring.engine.timing import Timing
from mainspring.errors import MainspringError
from mainspring.model.workers import Worker
from mainspring.storage.database import Database
from mainspring.storage.shapes import WORKER

log = logging.getLogger("mainspring.engine")


@dataclass(slots=True)
class _Sight:
    """When this process last saw a worker beat, and when it last saw it make progress (monotonic)."""

    heartbeats: int
    beat_at: int
    progress: int
    progress_at: int


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
        self._sights: dict[str, _Sight] = {}
        self._looked_at = clock.monotonic()

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
            nap = asyncio.ensure_future(self._clock.sleep(left))
            sooner = asyncio.ensure_future(self._sooner.wait())
            try:
                await asyncio.wait({nap, sooner}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                nap.cancel()
                sooner.cancel()

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────
    async def _watch(self) -> None:
        workers = await asyncio.to_thread(self._live_workers)
        silent, deaf = self.judge(workers)
        for reason, sightings in (("heartbeats_missed", silent), ("deafened", deaf)):
            if sightings:
                log.warning("ending %d worker(s): %s", len(sightings), reason)
                command = EndWorkers(reason, sightings=tuple(sightings))  # type: ignore[arg-type]  # one of two literals
                await self._committer.submit(command).future  # type: ignore[misc]  # submitted on a loop
        if quiet := self.quiet(workers):
            await self._committer.submit(NoteSilence(quiet)).future  # type: ignore[misc]  # submitted on a loop
        await self._clock.sleep(self._timing.sweep_every)

    def _live_workers(self) -> list[Worker]:
        with self._database.read() as tx:
            return WORKER.values(tx.rows("live_workers"))

    def judge(self, workers: list[Worker]) -> tuple[list[WorkerSighting], list[WorkerSighting]]:
        """The workers that fell silent, and those that beat but take no work, by what was seen until now."""
        now = self._clock.monotonic()
        if now - self._looked_at > self._timing.sweep_every + self._timing.lease_timeout // 2:
            self._sights.clear()  # it was us who were away
        self._looked_at = now
        silent, deaf = [], []
        for worker in workers:
            sight = self._sights.get(worker.id)
            if sight is None:
                heard_at = now - self._silent_before(worker)
                self._sights[worker.id] = _Sight(worker.heartbeats, heard_at, worker.progress, now)
                continue
            if worker.heartbeats != sight.heartbeats:
                sight.heartbeats, sight.beat_at = worker.heartbeats, now
            if worker.progress != sight.progress or worker.blocked_stack is not None:
                sight.progress, sight.progress_at = worker.progress, now
            sighting = WorkerSighting(worker.id, worker.heartbeats, worker.progress)
            if now - sight.beat_at >= self._timing.lease_timeout:
                silent.append(sighting)
            elif now - sight.progress_at >= self._timing.deaf_after:
                deaf.append(sighting)
        live = {worker.id for worker in workers}
        self._sights = {worker_id: sight for worker_id, sight in self._sights.items() if worker_id in live}
        return silent, deaf

    def quiet(self, workers: list[Worker]) -> tuple[WorkerSighting, ...]:
        """Those of which a heartbeat is missing, after `judge`; what is heard of them in vain is kept."""
        now = self._clock.monotonic()
        found = [(worker, now - self._sights[worker.id].beat_at) for worker in workers]
        return tuple(
            WorkerSighting(worker.id, worker.heartbeats, worker.progress, silence)
            for worker, silence in found
            if silence >= self._timing.heartbeat_every * 3 // 2
        )

    def _silent_before(self, worker: Worker) -> int:
        """How much of the silence before this process looked counts. What servers before it have listened to does,
        but for a moment: who beats in vain tries again at once when there is a server. All else is known by the
        wall's clocks only, which jump and differ: so half a window, and time for a heartbeat and its repetition,
        are left to listen."""
        timeout = self._timing.lease_timeout
        look = max(timeout // 2, self._timing.heartbeat_every * 3 // 2)
        told = min(self._clock.now() - worker.heartbeat_at, timeout - look)
        listened = min(worker.silence, timeout - self._timing.heartbeat_every // 2)
        return max(0, told, listened)
