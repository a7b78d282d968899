"""Rules over queues with limits, told of the runs they concern: who is first in a line and could have a slot is looked
at by somebody (I5), and nobody is let in beyond a limit (I6).

More may run than a limit allows, for a lower one ends nothing; but while that is so nobody is let in.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import Page
from mainspring.audit.rows import RunRow
from mainspring.audit.runs import found
from mainspring.model.queues import TAKEN, Queue, QueueKey
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import QUEUE, QUEUE_KEY


class _Standing(NamedTuple):
    """A run in the line of its queue, or let in and not claimed yet."""

    run: RunRow
    environment_id: str
    queue: str
    key: str
    is_first: bool


def check_lines(tx: Transaction, page: Page) -> Iterator[Finding]:
    """Of a page: the first of each line, and those that were let in."""
    ids = [case.run.id for case in page.cases.values() if case.run.slot and case.run.status == "PENDING"]
    standing: dict[tuple[str, str], list[_Standing]] = {}
    for run_id, environment_id, queue, key, is_first in tx.rows("audit_standing", ids=ids) if ids else []:
        run = page.cases[run_id].run
        if is_first or run.slot >= TAKEN:
            one = _Standing(run, environment_id, queue, key, bool(is_first))
            standing.setdefault((environment_id, queue), []).append(one)
    for (environment_id, name), runs in standing.items():
        place = {"environment_id": environment_id, "name": name}
        for queue in QUEUE.values(tx.rows("list_queues", **place)):
            if queue.governed_at is not None:
                yield from _check(tx, queue, runs)


def _check(tx: Transaction, queue: Queue, standing: Sequence[_Standing]) -> Iterator[Finding]:
    place = {"environment_id": queue.environment_id, "name": queue.name}
    names = sorted({one.key for one in standing})
    taken, ready = tx.row("slots_of_queue", **place) or (0, 0)
    keys = {key.key: key for key in QUEUE_KEY.values(tx.rows("keys_by_names", **place, keys=names))}
    counts = {name: count for name, count, _, _ in tx.rows("key_states", **place, keys=names)}
    limits = queue.limits
    for one in standing:
        of_key = counts[one.key]
        if one.run.slot >= TAKEN:
            over = _over(taken, limits.concurrency, "its queue") or _over(of_key, limits.per_key, "its key")
            if over:
                yield found(one.run, rules.ADMITTED_OVER_LIMIT, f"it may start, though {over}")
            continue
        is_room_of_key = limits.per_key is None or of_key < limits.per_key
        if queue.is_keyed and not _is_in_turn(keys.get(one.key), is_room_of_key):
            message = f"it is the first of key '{one.key}' in queue '{queue.name}', which takes no turns"
            yield found(one.run, rules.KEY_PASSED_OVER, message)
        elif is_room_of_key and _is_idle(queue, taken, ready):
            message = (
                f"it is the first in queue '{queue.name}', which has a free slot, and nobody looks at it"
            )
            yield found(one.run, rules.LINE_STANDS_STILL, message)


def _over(taken: int, limit: int | None, whose: str) -> str | None:
    return None if limit is None or taken <= limit else f"{taken} runs of {whose} have slots and {limit} may"


def _is_in_turn(key: QueueKey | None, is_room: bool) -> bool:
    """Whether admission comes to a key that has held runs, now or when a slot of its own or its rate allows."""
    return key is not None and key.has_held and (key.is_open or key.opens_at is not None or not is_room)


def _is_idle(queue: Queue, taken: int, ready: int) -> bool:
    """There is room, and no timer for what else may hold it back. Where keys take turns those that were let in and
    have not begun keep the others waiting."""
    if queue.paused_at is not None or queue.timer_at is not None:
        return False
    limit = queue.limits.concurrency
    return (limit is None or taken < limit) and not (queue.is_keyed and ready)
