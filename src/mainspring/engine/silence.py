"""Who has fallen silent: what is seen of the workers, look by look, and what it means.

Silence is measured with this process's own monotonic clock, from when it last saw a worker move: a jump of the
wall's clock ends nobody. Nor does this process's own absence (not started yet, frozen, or without its database):
whoever did not look has heard nothing. Half of a silence somebody must have listened to; the other half may be from
before, or be known otherwise: a worker always keeps a claim open, so one whose claim breaks off has most likely died.
What was listened to is kept with the worker, so that servers that live shortly, one after another, add up.
"""

from dataclasses import dataclass

from mainspring.clock import Clock
from mainspring.engine.commands import WorkerSighting
from mainspring.engine.timing import Timing
from mainspring.model.workers import Worker


@dataclass(slots=True)
class _Sight:
    """When this process last saw a worker beat, and when it last saw it make progress (monotonic)."""

    heartbeats: int
    beat_at: int
    progress: int
    progress_at: int


class Silence:
    """Shown all live workers now and then, with `judge` and then `quiet`."""

    def __init__(self, clock: Clock, timing: Timing) -> None:
        self._clock = clock
        self._timing = timing
        self._sights: dict[str, _Sight] = {}
        self._hung_up: set[str] = set()
        self._looked_at = clock.monotonic()
        #: How long somebody must have listened before a worker is silent: time for a heartbeat and its repetition.
        self._listening = max(timing.lease_timeout // 2, timing.heartbeat_every * 3 // 2)

    def hung_up(self, worker_id: str) -> None:
        """Its claim broke off. To be followed by a look: a heartbeat that is seen later says that it lives."""
        self._hung_up.add(worker_id)

    def judge(self, workers: list[Worker]) -> tuple[list[WorkerSighting], list[WorkerSighting]]:
        """The workers that fell silent, and those that beat but take no work, by what was seen until now."""
        now = self._clock.monotonic()
        if now - self._looked_at > self._timing.sweep_every + self._timing.lease_timeout // 2:
            self._sights.clear()  # it was us who were away
        self._looked_at = now
        silent, deaf = [], []
        for worker in workers:
            sight = self._seen(worker, now)
            sighting = WorkerSighting(worker.id, worker.heartbeats, worker.progress)
            if now - sight.beat_at >= self._timing.lease_timeout:
                silent.append(sighting)
            elif now - sight.progress_at >= self._timing.deaf_after:
                deaf.append(sighting)
        live = {worker.id for worker in workers}
        self._sights = {worker_id: sight for worker_id, sight in self._sights.items() if worker_id in live}
        self._hung_up.clear()
        return silent, deaf

    def _seen(self, worker: Worker, now: int) -> _Sight:
        sight = self._sights.get(worker.id)
        if sight is None:
            sight = _Sight(worker.heartbeats, now - self._told(worker), worker.progress, now)
            self._sights[worker.id] = sight
        elif worker.heartbeats != sight.heartbeats:
            sight.heartbeats, sight.beat_at = worker.heartbeats, now
        known = self._listened(worker)
        if worker.id in self._hung_up:
            known = max(known, self._timing.lease_timeout - self._listening)
        sight.beat_at = min(sight.beat_at, now - known)
        if worker.progress != sight.progress or worker.blocked_stack is not None:
            sight.progress, sight.progress_at = worker.progress, now
        return sight

    def quiet(self, workers: list[Worker]) -> tuple[WorkerSighting, ...]:
        """Those of which a heartbeat is missing, after `judge`; what is heard of them in vain is kept."""
        now = self._clock.monotonic()
        found = [(worker, now - self._sights[worker.id].beat_at) for worker in workers]
        return tuple(
            WorkerSighting(worker.id, worker.heartbeats, worker.progress, silence)
            for worker, silence in found
            if silence >= self._timing.heartbeat_every * 3 // 2
        )

    def _told(self, worker: Worker) -> int:
        """The silence that the wall's clocks tell of, which jump and differ; so most must still be listened to."""
        told = min(self._clock.now() - worker.heartbeat_at, self._timing.lease_timeout - self._listening)
        return max(0, told)

    def _listened(self, worker: Worker) -> int:
        """What servers have listened to, all of it but for a moment: who beats in vain tries again at once when
        there is a server."""
        return min(worker.silence, self._timing.lease_timeout - self._timing.heartbeat_every // 2)
