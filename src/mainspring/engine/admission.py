"""Admission: which held runs of a queue with limits get the next slots. Decided here, at the end of a batch, so that
a claim costs the same whatever is held back, and a slot that became free is handed on in the same transaction.

A slot is a mark on the run's own row, given here and taken by whatever ends the lease: there is no counter that
could drift, the rows with a slot are counted under the lock of their queue's row (I6). Between the concurrency
keys of a queue slots go round by start-time fair queueing: the key with the smallest turn goes first and its turn
moves on; a key that comes back begins where the others are. Priority goes before turns, resumed runs before fresh.
Only keys with held runs and room of their own are in the index that is asked, so no backlog is ever scanned. While
nobody is held a look is one question, and no key has a row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from mainspring.clock import SECOND
from mainspring.engine.batch import Batch
from mainspring.engine.handed import hand_over
from mainspring.engine.turns import QueueTurns
from mainspring.model.queues import FREE, HELD, TAKEN, TAKEN_IN_TURN, Queue
from mainspring.model.runs import Run
from mainspring.model.workers import Worker, claim_names, is_served, served_names
from mainspring.storage.shapes import QUEUE

#: Runs admitted from one queue in one go. What is left follows in the next look.
MOST_AT_ONCE = 1_000
#: Where keys take turns so many runs are admitted before they are claimed, whatever the limits allow: a key that
#: comes stands behind these at most.
WINDOW = 100
#: Jobs without a worker are set aside in so many goes per batch.
_ROUNDS = 20
#: When a look that could not be finished goes on.
SOON = SECOND // 5


def admit(batch: Batch) -> None:
    """Looks at the queues that this batch touched, in one order on every server, and gives what slots there are."""
    while batch.touched:
        batch.flush()
        touched, batch.touched = batch.touched, {}
        for environment_id, group in groupby(sorted(touched), key=lambda place: place[0]):
            for queue in hold_queues(batch, environment_id, [name for _, name in group]):
                keys = touched[queue.place]
                kept = replace(queue)
                _admit_to(batch, queue, keys)
                if queue != kept:
                    batch.tx.run_many("save_queue", [queue])
                batch.wake.at(queue.timer_at)
    batch.shared.clear()
    batch.keyed.clear()


def hold_queues(batch: Batch, environment_id: str, names: list[str]) -> list[Queue]:
    """The queues, held until the batch commits; those that are not known yet are made."""
    place = {"environment_id": environment_id, "names": sorted(set(names))}
    queues = QUEUE.values(batch.tx.rows("queues_to_change", **place))
    missing = set(names) - {queue.name for queue in queues}
    if not missing:
        return queues
    batch.tx.run_many("insert_queue", [new_queue(environment_id, name) for name in sorted(missing)])
    return QUEUE.values(batch.tx.rows("queues_to_change", **place))


def new_queue(environment_id: str, name: str) -> Queue:
    """A queue of which nothing is declared."""
    return Queue(environment_id, name, "{}", None, False, False, None, None, None, 0, 0, None)


def _admit_to(batch: Batch, queue: Queue, keys: set[str]) -> None:
    """Gives the slots of one queue that is held. `keys`: those of which runs came or went."""
    queue.is_shared = queue.is_shared or queue.place in batch.shared
    if not queue.is_keyed and (any(keys) or queue.place in batch.keyed):
        queue.is_keyed = True
        keys |= _all_held_keys(batch, queue)
    is_governed = queue.paused_at is not None or queue.is_keyed or queue.limits.is_any
    if is_governed != (queue.governed_at is not None):
        batch.tx.be_alone()  # or another server might start a run just now as if nothing had changed
        keys |= _govern(batch, queue) if is_governed else _free(batch, queue)
    queue.timer_at = None
    arrived = batch.arrivals.pop(queue.place, [])
    if is_governed:
        _serve(batch, queue, keys, arrived)
    else:
        _insert(batch, arrived, FREE)


def _serve(batch: Batch, queue: Queue, keys: set[str], arrived: list[Run]) -> None:
    """Gives the slots of a governed queue. `arrived`: runs that have no row yet."""
    turns = QueueTurns(batch, queue) if queue.is_keyed else None
    place = {"environment_id": queue.environment_id, "name": queue.name}
    is_any_held, is_any_key_held = batch.tx.row("line_of_queue", **place) or (False, False)
    if not is_any_held and not is_any_key_held and (not arrived or _place(batch, queue, turns, arrived)):
        batch.quiet.add(queue.place)
        _set_timer(batch, queue, turns, 0)
        return
    _insert(batch, arrived, HELD)
    room = _room(batch, queue)
    if turns is not None:
        if not is_any_key_held:
            if not arrived and room > 0 and _admit_all(batch, queue, turns, keys, room):
                _set_timer(batch, queue, turns, 0)
                return
            keys |= _all_held_keys(batch, queue)
        turns.look_at(keys)
    room = _fill(batch, queue, turns, room)
    _set_timer(batch, queue, turns, room)


# ── while nobody stands in line ──────────────────────────────────────────────────────────────────────
def _place(batch: Batch, queue: Queue, turns: QueueTurns | None, arrived: list[Run]) -> bool:
    """Runs that arrive where nobody is held, with room for all of them, have their slots from their first row on."""
    wanted = [(run.claim_name, run.concurrency_key or "") for run in arrived]
    if not _is_room_for_all(batch, queue, turns, wanted, _room(batch, queue)):
        return False
    for number, run in enumerate(sorted(arrived, key=lambda run: (-run.priority, run.id))):
        run.available_at = batch.now + number
    _insert(batch, arrived, TAKEN if turns is None else TAKEN_IN_TURN)
    _spend(batch, queue, len(arrived))
    return True


def _admit_all(batch: Batch, queue: Queue, turns: QueueTurns, keys: set[str], room: int) -> bool:
    """The same for runs that have their rows, when all that are held came in this batch: they take no turns, and
    nothing is written down of their keys. False: they compete, and nothing was done."""
    chosen = turns.held(sorted(keys), room + 1)
    if not chosen or not _is_room_for_all(batch, queue, turns, [(job, key) for _, job, key in chosen], room):
        return False
    _grant(batch, queue, [run_id for run_id, _, _ in chosen], TAKEN_IN_TURN)
    return True


def _is_room_for_all(
    batch: Batch, queue: Queue, turns: QueueTurns | None, wanted: list[tuple[str, str]], room: int
) -> bool:
    """`wanted`: job and concurrency key of each."""
    if len(wanted) > room or not all(_is_served(batch, queue, name) for name, _ in wanted):
        return False
    return turns is None or turns.is_room_for(Counter(key for _, key in wanted))


def _insert(batch: Batch, runs: list[Run], slot: int) -> None:
    for run in runs:
        run.slot, run.is_ready = slot, slot != HELD
    hand_over(batch, runs)
    batch.tx.run_many("insert_run", runs)
    batch.wake.ready.update(run.environment_id for run in runs if run.is_ready)


# ── line by line ─────────────────────────────────────────────────────────────────────────────────────
def _fill(batch: Batch, queue: Queue, turns: QueueTurns | None, room: int) -> int:
    """Admits until the room is used up or nobody is left who may; returns what room is left."""
    for _ in range(_ROUNDS):
        if room <= 0:
            break
        chosen = turns.choose(room) if turns is not None else _first_held(batch, queue, room)
        served = [run_id for run_id, name, _ in chosen if _is_served(batch, queue, name)]
        absent = [run_id for run_id, name, _ in chosen if not _is_served(batch, queue, name)]
        if absent:
            batch.tx.run("set_aside", ids=absent)
        if served:
            _grant(batch, queue, served, TAKEN if turns is None else TAKEN_IN_TURN)
            room -= len(served)
        if turns is not None:
            turns.took({key for _, _, key in chosen})
        if queue.limits.rate is not None:
            room = min(room, queue.limits.rate.allows(queue.spent_until, batch.now, room))
        if not chosen:
            break
    return room


def _grant(batch: Batch, queue: Queue, run_ids: list[str], slot: int) -> None:
    """They may be claimed, in the order of their admission."""
    rows = [
        {"id": run_id, "slot": slot, "available_at": batch.now + number}
        for number, run_id in enumerate(run_ids)
    ]
    batch.tx.run_many("grant_slot", rows)
    batch.wake.ready.add(queue.environment_id)
    _spend(batch, queue, len(run_ids))


def _spend(batch: Batch, queue: Queue, count: int) -> None:
    if queue.limits.rate is not None:
        queue.spent_until = queue.limits.rate.spend(queue.spent_until, batch.now, count)


def _room(batch: Batch, queue: Queue) -> int:
    """How many runs may be admitted now as far as the whole queue is concerned."""
    if queue.paused_at is not None:
        return 0
    place = {"environment_id": queue.environment_id, "name": queue.name}
    limits, room = queue.limits, MOST_AT_ONCE
    if limits.concurrency is not None:
        taken, ready = batch.tx.row("slots_of_queue", **place) or (0, 0)
        room = min(room, limits.concurrency - taken)
    elif queue.is_keyed:
        (ready,) = batch.tx.row("ready_of_queue", **place) or (0,)
    if queue.is_keyed:
        room = min(room, WINDOW - ready)
    if limits.rate is not None and room > 0:
        room = limits.rate.allows(queue.spent_until, batch.now, room)
    return room


def _first_held(batch: Batch, queue: Queue, room: int) -> list[tuple[str, str, str]]:
    rows = batch.tx.rows(
        "held_runs", environment_id=queue.environment_id, name=queue.name, keys=[""], limit=room
    )
    return [(run_id, name, key) for key, run_id, name, _, _ in rows]


def _set_timer(batch: Batch, queue: Queue, turns: QueueTurns | None, room: int) -> None:
    """When to look again without being asked: a rate opens, or what could not be looked at now."""
    now = batch.now
    again: list[int] = []
    place = {"environment_id": queue.environment_id, "name": queue.name}
    rate = queue.limits.rate
    is_closed = rate is not None and not rate.allows(queue.spent_until, now, 1)
    if queue.paused_at is None and (room > 0 or is_closed) and batch.tx.row("is_any_held", **place):
        if rate is not None and is_closed:
            again.append(rate.opens_at(queue.spent_until))
        elif turns is None or turns.is_any_open():
            again.append(now + SOON)  # another server held them back from us, or there were too many
        if queue.limits.key_rate is not None:
            (opens_at,) = batch.tx.row("next_key_at", **place) or (None,)
            again += [] if opens_at is None else [opens_at]
    queue.timer_at = min(again, default=None)


# ── governed from now on, or no more ─────────────────────────────────────────────────────────────────
def _all_held_keys(batch: Batch, queue: Queue) -> set[str]:
    rows = batch.tx.rows("held_keys", environment_id=queue.environment_id, name=queue.name)
    return {key for (key,) in rows}


def _govern(batch: Batch, queue: Queue) -> set[str]:
    """What stands in the queue as if it had no limits is held, and what runs is counted."""
    queue.governed_at = batch.now
    place = {"environment_id": queue.environment_id, "name": queue.name}
    batch.tx.run("hold_ready", **place)
    batch.tx.run("count_leases", **place)
    return _all_held_keys(batch, queue) if queue.is_keyed else set()


def _free(batch: Batch, queue: Queue) -> set[str]:
    place = {"environment_id": queue.environment_id, "name": queue.name}
    queue.governed_at = None
    for statement in ("let_go", "forget_slots", "forget_keys"):
        batch.tx.run(statement, **place)
    batch.wake.ready.add(queue.environment_id)
    return set()


def take_back(batch: Batch, queue: Queue) -> None:
    """The limits of a governed queue changed: what was admitted and not begun is admitted anew."""
    place = {"environment_id": queue.environment_id, "name": queue.name}
    batch.tx.run("take_back", **place)
    for key in _all_held_keys(batch, queue):
        batch.touch(*queue.place, key)
    batch.touch(*queue.place)


# ── runs without a worker ────────────────────────────────────────────────────────────────────────────
def _is_served(batch: Batch, queue: Queue, name: str) -> bool:
    """A run that no worker could take must not keep a slot from others of its queue: those of other jobs, and those
    that are bound to no version, or to another. `name`: what workers ask for it by."""
    if not queue.is_shared:
        return True
    served = batch.served.get(queue.environment_id)
    if served is None:
        rows = batch.tx.rows("served_names", environment_id=queue.environment_id)
        served = batch.served[queue.environment_id] = {one for row in rows for one in served_names(*row)}
    return is_served(name, queue.name, served)


def call_back(batch: Batch, environment_id: str, names: Sequence[str]) -> None:
    """A worker came that takes runs by these names."""
    batch.served.pop(environment_id, None)
    for queue, key in batch.tx.rows("call_back", environment_id=environment_id, names=list(names)):
        batch.touch(environment_id, queue, key)


def give_up_slots(batch: Batch, workers: list[Worker]) -> None:
    """Workers went: what was admitted for them and nobody else can take stands back."""
    for worker in workers:
        batch.served.pop(worker.environment_id, None)
        names = claim_names(worker.job_ids, worker.versions, "[]")
        for queue, key in batch.tx.rows(
            "give_up_slots", environment_id=worker.environment_id, names=list(names)
        ):
            batch.touch(worker.environment_id, queue, key)
