"""The store: conditional reads and writes of small values, from runs (journaled) and from outside.

A write from outside may carry its sender's key: sent again, it gets the answer of the first time and writes
nothing (I11). Versions only grow, also over a deletion, so that a condition never meets another value's version.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mainspring.clock import HOUR
from mainspring.engine.batch import Batch
from mainspring.engine.commands import StoreResult, UseStore
from mainspring.model.store import StoreEntry, StoreOperation
from mainspring.storage.shapes import STORE_ENTRY

#: For how long a write that is sent again is known.
REQUESTS_KEPT = 24 * HOUR
_WRITES = ("set", "delete")


@dataclass(slots=True)
class _Place:
    """Whose entries they are, those that this batch is about, and what it changed."""

    environment_id: str
    scope: str
    owner: str
    entries: dict[str, StoreEntry] = field(default_factory=dict)
    #: No entry that is new here has a version up to this one.
    floor: int = 0
    changed: set[str] = field(default_factory=set)
    is_raised: bool = False
    #: Answers of earlier writes, by key and the key of the request.
    answered: dict[tuple[str, str], tuple[bool, int]] = field(default_factory=dict)

    @property
    def address(self) -> dict[str, str]:
        return {"environment_id": self.environment_id, "scope": self.scope, "owner": self.owner}


def use_store(batch: Batch, commands: list[UseStore]) -> list[StoreResult]:
    """Applies operations from outside of runs, in order."""
    return _use(batch, commands)


def use_store_from_runs(batch: Batch, operations: list[tuple[str, StoreOperation]]) -> list[StoreResult]:
    """Applies operations, given with their environments; the commit that carries them is known when it is sent
    again, so they need no keys."""
    return _use(batch, [UseStore(environment_id, operation) for environment_id, operation in operations])


def _use(batch: Batch, uses: list[UseStore]) -> list[StoreResult]:
    """One after the other over entries read once."""
    by_place: dict[tuple[str, str, str], list[UseStore]] = {}
    for use in uses:
        by_place.setdefault(_place_of(use), []).append(use)
    _hold(batch, by_place)
    places = {place: _load(batch, _Place(*place), by_place[place]) for place in sorted(by_place)}
    results = [_answer(batch, places[_place_of(use)], use) for use in uses]
    for place in places.values():
        _write(batch, place)
    if any(use.request_key for use in uses):
        batch.later("forget_store_requests", {"before": batch.now - REQUESTS_KEPT})
    batch.flush()
    return results


def _place_of(use: UseStore) -> tuple[str, str, str]:
    return (use.environment_id, use.operation.scope, use.operation.owner)


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────
def _hold(batch: Batch, by_place: dict[tuple[str, str, str], list[UseStore]]) -> None:
    """Keys about to be written, also those that have no row yet: another server's write comes before or after."""
    with batch.tx.together():
        for place, uses in sorted(by_place.items()):
            keys = _keys(use for use in uses if use.operation.verb in _WRITES)
            if keys:
                batch.tx.run("hold_store_keys", keys=keys, **_Place(*place).address)


def _keys(uses: Iterable[UseStore]) -> list[str]:
    return sorted({use.operation.key for use in uses})


def _load(batch: Batch, place: _Place, uses: list[UseStore]) -> _Place:
    rows = batch.tx.rows("store_entries_by_keys", keys=_keys(uses), **place.address)
    place.entries = {entry.key: entry for entry in STORE_ENTRY.values(rows)}
    request_keys = sorted({use.request_key for use in uses if use.request_key})
    if request_keys:
        rows = batch.tx.rows("store_requests_by_keys", request_keys=request_keys, **place.address)
        place.answered = {(key, request_key): (bool(f), version) for key, request_key, f, version in rows}
    if _may_create(place, uses):
        row = batch.tx.row("find_store_floor", **place.address)
        place.floor = row[0] if row else 0
    return place


def _may_create(place: _Place, uses: list[UseStore]) -> bool:
    deletes = any(use.operation.verb == "delete" for use in uses)
    sets = [use.operation.key for use in uses if use.operation.verb == "set"]
    return any(deletes or key not in place.entries for key in sets)


# ── decide ───────────────────────────────────────────────────────────────────────────────────────────
def _answer(batch: Batch, place: _Place, use: UseStore) -> StoreResult:
    operation = use.operation
    if use.request_key is None or operation.verb not in _WRITES:
        return _apply(batch, place, operation)
    request = (operation.key, use.request_key)
    if request in place.answered:
        found, version = place.answered[request]
        return StoreResult(True, found, operation.value, version)
    result = _apply(batch, place, operation)
    if result.ok:  # a refused one changed nothing: sent again it is tried anew
        place.answered[request] = (result.exists, result.version)
        kept = {"key": operation.key, "request_key": use.request_key, "found": result.exists}
        batch.later(
            "insert_store_request",
            {**place.address, **kept, "version": result.version, "now": batch.now},
        )
    return result


def _apply(batch: Batch, place: _Place, operation: StoreOperation) -> StoreResult:
    key = operation.key
    entry = place.entries.get(key)
    version = entry.version if entry else 0
    if operation.verb not in _WRITES:
        return StoreResult(True, entry is not None, entry.value if entry else None, version)
    if operation.expected_version is not None and operation.expected_version != version:
        return StoreResult(False, entry is not None, entry.value if entry else None, version)
    place.changed.add(key)
    if operation.verb == "delete":
        if entry is not None:
            del place.entries[key]
            place.floor, place.is_raised = max(place.floor, version), True
        return StoreResult(True, entry is not None, None, 0)
    value = operation.value if operation.value is not None else "null"
    version = (version or place.floor) + 1
    place.entries[key] = StoreEntry(
        place.environment_id, operation.scope, operation.owner, key, value, version, batch.now
    )
    return StoreResult(True, True, value, version)


# ── write ────────────────────────────────────────────────────────────────────────────────────────────
def _write(batch: Batch, place: _Place) -> None:
    """Only what this batch changed."""
    for key in sorted(place.changed):
        entry = place.entries.get(key)
        if entry is None:
            batch.later("delete_store_entry", {**place.address, "key": key})
        else:
            batch.later("save_store_entry", entry)
    if place.is_raised:
        batch.later("raise_store_floor", {**place.address, "version": place.floor})
