"""The store: conditional reads and writes of small values, from runs (journaled) and from outside."""

from mainspring.engine.batch import Batch
from mainspring.engine.commands import StoreResult, UseStore
from mainspring.model.store import StoreEntry, StoreOperation
from mainspring.storage.shapes import STORE_ENTRY

_Place = tuple[str, str, str]


def use_store(batch: Batch, commands: list[UseStore]) -> list[StoreResult]:
    """Applies operations from outside of runs, in order."""
    return use_store_from_runs(batch, [(c.environment_id, c.operation) for c in commands])


def use_store_from_runs(batch: Batch, operations: list[tuple[str, StoreOperation]]) -> list[StoreResult]:
    """Applies operations, given with their environments, one after the other over entries read once."""
    places: dict[_Place, set[str]] = {}
    for environment_id, operation in operations:
        places.setdefault((environment_id, operation.scope, operation.owner), set()).add(operation.key)
    current = {place: _load(batch, place, keys) for place, keys in places.items()}
    results = []
    for environment_id, operation in operations:
        entries = current[(environment_id, operation.scope, operation.owner)]
        results.append(_apply(batch, environment_id, operation, entries))
    for place, keys in places.items():
        for key in keys:
            _write(batch, place, key, current[place].get(key))
    batch.flush()
    return results


def _load(batch: Batch, place: _Place, keys: set[str]) -> dict[str, StoreEntry]:
    environment_id, scope, owner = place
    rows = batch.tx.rows(
        "store_entries_by_keys", environment_id=environment_id, scope=scope, owner=owner, keys=sorted(keys)
    )
    return {entry.key: entry for entry in STORE_ENTRY.values(rows)}


def _apply(
    batch: Batch, environment_id: str, operation: StoreOperation, entries: dict[str, StoreEntry]
) -> StoreResult:
    entry = entries.get(operation.key)
    version = entry.version if entry else 0
    if operation.verb in ("get", "has"):
        return StoreResult(True, entry is not None, entry.value if entry else None, version)
    if operation.expected_version is not None and operation.expected_version != version:
        return StoreResult(False, entry is not None, entry.value if entry else None, version)
    if operation.verb == "delete":
        entries.pop(operation.key, None)
        return StoreResult(True, entry is not None, None, 0)
    value = operation.value if operation.value is not None else "null"
    entries[operation.key] = StoreEntry(
        environment_id, operation.scope, operation.owner, operation.key, value, version + 1, batch.now
    )
    return StoreResult(True, True, value, version + 1)


def _write(batch: Batch, place: _Place, key: str, entry: StoreEntry | None) -> None:
    """Only what this batch changed is written; an entry read and left alone carries an older instant."""
    environment_id, scope, owner = place
    if entry is None:
        batch.later(
            "delete_store_entry",
            {"environment_id": environment_id, "scope": scope, "owner": owner, "key": key},
        )
    elif entry.updated_at == batch.now:
        batch.later("save_store_entry", entry)
