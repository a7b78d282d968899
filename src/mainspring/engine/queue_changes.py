"""Queues as jobs declare them and as operators change them: limits, pauses. In force with the batch that says so."""

from dataclasses import replace
from typing import Any

from mainspring.codec import encode
from mainspring.engine.admission import hold_queues, new_queue, take_back
from mainspring.engine.batch import Batch
from mainspring.engine.commands import ChangeQueue, LimitEnvironment
from mainspring.errors import InvalidQueue, MainspringError, NotFound
from mainspring.model.jobs import JobSpec
from mainspring.model.queues import NO_LIMITS, Queue, changes_from_text, check_limits, limits_to_text
from mainspring.storage.shapes import QUEUE


# ── declared by jobs ─────────────────────────────────────────────────────────────────────────────────
def save_queues(batch: Batch, environment_id: str, specs: tuple[JobSpec, ...]) -> None:
    """Keeps what jobs declare of their queues; the newest registration counts, an operator's change above it."""
    place = {"environment_id": environment_id, "names": sorted({spec.queue_name for spec in specs})}
    kept = {queue.name: queue for queue in QUEUE.values(batch.tx.rows("queues_by_names", **place))}
    fresh = [new_queue(environment_id, name) for name in place["names"] if name not in kept]
    if fresh:
        batch.tx.run_many("insert_queue", fresh)
    wanted = {name: _declared(kept.get(name), environment_id, name, specs) for name in place["names"]}
    unlike = [
        name for name, queue in wanted.items() if queue != kept.get(name, new_queue(environment_id, name))
    ]
    if unlike:
        for queue in hold_queues(batch, environment_id, unlike):
            said = wanted[queue.name]
            _save(batch, queue, replace(queue, declared=said.declared, is_shared=said.is_shared))
            if said.is_keyed and not queue.is_keyed:
                batch.keyed.add(queue.place)
                batch.touch(*queue.place)


def _declared(kept: Queue | None, environment_id: str, name: str, specs: tuple[JobSpec, ...]) -> Queue:
    """The queue as these jobs say it is; one that they only use stays as it is."""
    queue = kept or new_queue(environment_id, name)
    users = [spec for spec in specs if spec.queue_name == name]
    said = [spec.limits for spec in users if spec.limits is not None]
    if not said and any(spec.id == name for spec in users):
        said = [NO_LIMITS]
    return replace(
        queue,
        declared=limits_to_text(said[0]) if said else queue.declared,
        is_shared=queue.is_shared
        or len(users) > 1
        or any(spec.id != name or spec.pin_version for spec in users),
        is_keyed=queue.is_keyed or any(spec.concurrency_key is not None for spec in users),
    )


def _save(batch: Batch, queue: Queue, changed: Queue) -> None:
    """Writes a queue that is held; where its limits are others, admission looks at it anew."""
    batch.tx.run_many("save_queue", [changed])
    batch.touch(*queue.place)
    if queue.governed_at is not None:
        take_back(batch, queue)


# ── changed by operators ─────────────────────────────────────────────────────────────────────────────
def no_such_queue(name: str) -> NotFound:
    return NotFound(
        f"there is no queue {name[:160]!r} in this environment", mend="`mainspring queues` lists them."
    )


def change_queue(batch: Batch, command: ChangeQueue) -> Queue | MainspringError:
    """Pauses, resumes, limits, or goes back to what the code declares."""
    place = {"environment_id": command.environment_id, "names": [command.name]}
    rows = batch.tx.rows("queues_to_change", **place)
    if not rows:
        return no_such_queue(command.name)
    queue = QUEUE.value(rows[0])
    changed = replace(queue)
    if command.paused is not None and command.paused != (queue.paused_at is not None):
        changed.paused_at = batch.now if command.paused else None
        changed.paused_by = command.by if command.paused else None
    if command.is_reset:
        changed.changed = None
    if command.limits:
        said: dict[str, Any] = {**changes_from_text(changed.changed), **command.limits}
        changed.changed = encode(said, what="limits")
        try:
            check_limits(changed.limits, f"queue '{queue.name}'")
        except InvalidQueue as error:
            return error
    if changed != queue:
        _save(batch, queue, changed)
    return changed


def limit_environment(batch: Batch, command: LimitEnvironment) -> None:
    """How many leases the whole environment may hold at once."""
    batch.tx.run(
        "set_environment_limit", environment_id=command.environment_id, max_leases=command.max_leases
    )
    batch.wake.ready.add(command.environment_id)
