"""Whose turn it is in a queue whose runs carry concurrency keys: fair between keys, within the limits of each."""

import heapq
from collections import Counter, deque
from typing import Any

from mainspring.engine.batch import Batch
from mainspring.model.queues import TURN, Queue, QueueKey
from mainspring.storage.shapes import QUEUE_KEY

#: Keys looked at in one go.
KEYS_AT_ONCE = 200
#: Lane of runs that go on: they are no starts, and no rate holds them back.
_RESUMED = 0


class QueueTurns:
    """The keys of one queue, whose row is held."""

    def __init__(self, batch: Batch, queue: Queue) -> None:
        self._batch = batch
        self._queue = queue
        self._place = {"environment_id": queue.environment_id, "name": queue.name}
        self._limits = queue.limits
        #: Keys as they were read or written last.
        self._known: dict[str, QueueKey] = {}

    def look_at(self, keys: set[str]) -> None:
        """Runs of these keys came or went: where each stands now."""
        if self._limits.key_rate is not None:
            rows = self._batch.tx.rows("opening_keys", **self._place, now=self._batch.now, limit=KEYS_AT_ONCE)
            keys = keys | {key for (key,) in rows}
        if keys:
            self._refresh(keys)

    def held(self, keys: list[str], limit: int) -> list[tuple[str, str, str]]:
        """The first held runs of some keys, so many of each at most, as (run id, job id, key)."""
        rows = self._batch.tx.rows("held_runs", **self._place, keys=keys, limit=limit)
        return [(run_id, job_id, key) for key, run_id, job_id, _, _ in rows]

    def is_room_for(self, wanted: Counter[str]) -> bool:
        """Whether each key may have so many more runs at once, as far as is known without its row."""
        per_key = self._limits.per_key
        if self._limits.key_rate is not None:
            return False
        if per_key is None:
            return True
        if max(wanted.values()) > per_key:
            return False
        taken = self._taken(list(wanted))
        return all(taken[key] + count <= per_key for key, count in wanted.items())

    def is_any_open(self) -> bool:
        return bool(self._batch.tx.rows("open_keys", **self._place, limit=1))

    def choose(self, room: int) -> list[tuple[str, str, str]]:
        """The next runs, up to `room`, as (run id, what workers ask for it by, key)."""
        rows = self._batch.tx.rows("open_keys", **self._place, limit=min(room, KEYS_AT_ONCE))
        keys = {key.key: key for key in QUEUE_KEY.values(rows)}
        if not keys:
            return []
        each = room // len(keys) + 1
        held: dict[str, deque[tuple[Any, ...]]] = {key: deque() for key in keys}
        for row in self._batch.tx.rows("held_runs", **self._place, keys=list(keys), limit=each):
            held[row[0]].append(row)
        taken = self._taken(list(keys)) if self._limits.per_key is not None else {}
        self._known.update(keys)
        order = [(-key.priority, key.lane, key.turn, key.key) for key in keys.values()]
        heapq.heapify(order)
        chosen: list[tuple[str, str, str]] = []
        while order and len(chosen) < room:
            *_, name = heapq.heappop(order)
            key, runs = keys[name], held[name]
            if not runs or not self._allows(key, taken.get(name, 0), runs[0][4]):
                continue
            _, run_id, claim_name, _, lane = runs.popleft()
            chosen.append((run_id, claim_name, name))
            taken[name] = taken.get(name, 0) + 1
            self._move(key, lane)
            if runs:
                heapq.heappush(order, (-runs[0][3], runs[0][4], key.turn, name))
        return chosen

    def took(self, keys: set[str]) -> None:
        """Runs of these keys were admitted, or set aside."""
        if keys:
            self._refresh(keys)

    def _move(self, key: QueueKey, lane: int) -> None:
        self._queue.turn = max(self._queue.turn, key.turn)
        key.turn += TURN // self._limits.weights.get(key.key, 1)
        rate = self._limits.key_rate
        if rate is not None and lane != _RESUMED:
            key.spent_until = rate.spend(key.spent_until, self._batch.now, 1)

    def _allows(self, key: QueueKey, taken: int, lane: int) -> bool:
        limits = self._limits
        if limits.per_key is not None and taken >= limits.per_key:
            return False
        rate = limits.key_rate
        return rate is None or lane == _RESUMED or rate.allows(key.spent_until, self._batch.now, 1) > 0

    def _taken(self, keys: list[str]) -> Counter[str]:
        rows = self._batch.tx.rows("key_states", **self._place, keys=keys)
        return Counter({key: taken for key, taken, _, _ in rows})

    def _refresh(self, keys: set[str]) -> None:
        """Each key's first held run, its turn, and whether it may have a slot."""
        tx, place = self._batch.tx, self._place
        unknown = sorted(keys - self._known.keys())
        if unknown:
            rows = tx.rows("keys_by_names", **place, keys=unknown)
            self._known.update({key.key: key for key in QUEUE_KEY.values(rows)})
        changed = []
        for name, taken, priority, lane in tx.rows("key_states", **place, keys=sorted(keys)):
            key = self._known.get(name)
            if key is None:
                if priority is None:
                    continue
                key = QueueKey(*self._queue.place, name, False, 0, 0, 0, 0, False, None)
                self._known[name] = key
            if priority is not None and not key.has_held:
                key.turn = max(key.turn, self._queue.turn)
            self._set(key, taken, priority, lane)
            changed.append(key)
        tx.run_many("save_queue_key", changed)
        tx.run("forget_idle_keys", **place, turn=self._queue.turn, now=self._batch.now)

    def _set(self, key: QueueKey, taken: int, priority: int | None, lane: int | None) -> None:
        key.has_held = priority is not None
        key.priority, key.lane = priority or 0, lane or 0
        key.opens_at, key.is_open = None, key.has_held
        if not key.has_held:
            return
        limits = self._limits
        if limits.per_key is not None and taken >= limits.per_key:
            key.is_open = False
        elif not self._allows(key, taken, key.lane) and limits.key_rate is not None:
            key.is_open = False
            key.opens_at = limits.key_rate.opens_at(key.spent_until)
