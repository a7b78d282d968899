"""Where a new run stands: its queue and its concurrency key, checked before it is started."""

from collections.abc import Iterable
from itertools import groupby

from mainspring.codec import decode
from mainspring.engine.batch import Batch
from mainspring.errors import InvalidQueue, MainspringError
from mainspring.model.jobs import JobSpec
from mainspring.model.protocol import RunDraft
from mainspring.model.queues import MAX_KEY, Queue, key_of
from mainspring.storage.shapes import QUEUE


def know_queues(batch: Batch, places: Iterable[tuple[str, str]]) -> None:
    """Learns which of these queues, given as (environment id, name), there are and which are governed."""
    for environment_id, group in groupby(sorted(places), key=lambda place: place[0]):
        names = [name for _, name in group]
        rows = batch.tx.rows("queues_by_names", environment_id=environment_id, names=names)
        remember(batch, QUEUE.values(rows))


def remember(batch: Batch, queues: list[Queue]) -> None:
    """What was just read of some queues."""
    for queue in queues:
        batch.known_queues.add(queue.place)
        if queue.governed_at is not None:
            batch.governed.add(queue.place)


def standing(
    batch: Batch, environment_id: str, spec: JobSpec, draft: RunDraft
) -> tuple[str, str | None, bool]:
    """Queue and concurrency key of a run, and whether it waits there to be admitted."""
    queue, key = draft.queue or spec.queue_name, draft.concurrency_key
    if key is None and spec.concurrency_key is not None:
        key = key_of(spec.concurrency_key, decode(draft.payload))
    return queue, key, key is not None or (environment_id, queue) in batch.governed


def standing_refusal(
    batch: Batch, environment_id: str, spec: JobSpec, draft: RunDraft
) -> MainspringError | None:
    """Why the draft cannot stand where it asks to. The batch learns of a queue that several jobs, or
    versions of one, use."""
    if draft.concurrency_key is not None and not 0 < len(draft.concurrency_key) <= MAX_KEY:
        return InvalidQueue(
            f"the concurrency_key {draft.concurrency_key!r:.60} has {len(draft.concurrency_key)} characters",
            mend=f"A concurrency key has 1 to {MAX_KEY} characters: give an id, or a hash of what is longer.",
        )
    place = (environment_id, draft.queue or spec.queue_name)
    is_elsewhere = place[1] != spec.queue_name
    if is_elsewhere and place not in batch.known_queues:
        return InvalidQueue(
            f"there is no queue {draft.queue!r:.140}",
            mend="`mainspring queues` lists them; a job declares one: client.job(queue=...).",
        )
    if (is_elsewhere or draft.version is not None) and place not in batch.shared:
        batch.shared.add(place)
        batch.touch(*place)
    return None
