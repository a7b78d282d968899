"""What is asked of queues: how deep they are, who has their slots, and why a run does not start. Decides nothing."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from mainspring.clock import Instant
from mainspring.engine.breaker_reads import why_held
from mainspring.engine.inspect import get_runs
from mainspring.engine.queue_lines import holders, line
from mainspring.engine.views import KeyInQueue, QueueView
from mainspring.model.pending import PendingCode, PendingReason
from mainspring.model.queues import HELD, Queue, QueueKey
from mainspring.model.runs import Run
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import QUEUE, QUEUE_KEY, WAIT

#: Runs and keys that are named; of more only the count is told.
MOST_NAMED = 10
MOST_KEYS = 100
#: A place in the line is counted up to here.
MOST_COUNTED = 10_000
#: Runs out of which it is foretold how long one takes.
_RECENT = 50


# ── queues ───────────────────────────────────────────────────────────────────────────────────────────
def list_queues(tx: Transaction, environment_id: str, name: str | None = None) -> list[QueueView]:
    """Every queue of an environment by name, or one."""
    place = {"environment_id": environment_id, "name": name}
    held: dict[str, list[Any]] = defaultdict(lambda: [0, None])
    for statement in ("held_by_queue", "unserved_by_queue"):
        for queue, count, oldest_at in tx.rows(statement, **place):
            _add(held[queue], count, oldest_at)
    admitted: dict[str, int] = {}
    for queue, count, oldest_at, with_slot in tx.rows("ready_by_queue", **place):
        _add(held[queue], count, oldest_at)
        admitted[queue] = int(with_slot)
    unserved = {row[0]: row[1] for row in tx.rows("unserved_by_queue", **place)}
    running = dict(tx.rows("running_by_queue", **place))
    return [
        QueueView(
            queue,
            depth=held[queue.name][0],
            oldest_at=held[queue.name][1],
            running=running.get(queue.name, 0),
            admitted=admitted.get(queue.name, 0),
            unserved=unserved.get(queue.name, 0),
            keys=_keys(tx, queue) if name is not None else (),
            holders=tuple(holders(tx, *queue.place, MOST_NAMED, None).data) if name is not None else (),
            line=tuple(line(tx, *queue.place, None, MOST_NAMED, None).data) if name is not None else (),
        )
        for queue in QUEUE.values(tx.rows("list_queues", **place))
    ]


def get_queue(tx: Transaction, environment_id: str, name: str) -> QueueView | None:
    """One queue with the keys that have slots."""
    return next(iter(list_queues(tx, environment_id, name)), None)


def _add(sums: list[Any], count: int, oldest_at: Instant | None) -> None:
    sums[0] += count
    sums[1] = min((at for at in (sums[1], oldest_at) if at is not None), default=None)


def _keys(tx: Transaction, queue: Queue) -> tuple[KeyInQueue, ...]:
    if not queue.is_keyed:
        return ()
    rows = tx.rows("keys_with_slots", environment_id=queue.environment_id, name=queue.name, limit=MOST_KEYS)
    return tuple(KeyInQueue(key, taken) for key, taken in rows)


def environment_limit(tx: Transaction, environment_id: str) -> tuple[int | None, int]:
    """How many runs workers may hold at once in an environment (None: any number), and hold now."""
    (limit,) = tx.row("max_leases", environment_id=environment_id) or (None,)
    (held,) = tx.row("count_leases_of_environment", environment_id=environment_id) or (0,)
    return limit, int(held)


# ── why a run does not start ─────────────────────────────────────────────────────────────────────────
def why(tx: Transaction, environment_id: str, run_id: str, now: Instant) -> PendingReason | None:
    """The one thing that keeps a pending run from starting, or that a breaker holds of a waiting one, with all there
    is to know of it; None for other runs."""
    view = get_runs(tx, [(environment_id, run_id)], now).get((environment_id, run_id))
    if view is None or view.pending_reason is None:
        return None if view is None else _why_waiting(tx, view.run)
    if view.pending_reason.code == "waiting_for_turn" and view.run.slot == HELD:
        return _why_held(tx, view.run, now)
    if view.pending_reason.code == "singleton":
        return _why_behind(tx, view.run)
    if view.pending_reason.code == "waiting_for_slot":
        return _why_not_claimed(tx, view.run) or view.pending_reason
    return view.pending_reason


def _why_waiting(tx: Transaction, run: Run) -> PendingReason | None:
    if run.status != "WAITING":
        return None
    waits = WAIT.values(tx.rows("waits_of_runs", run_ids=[run.id]))
    return next((why_held(tx, wait) for wait in waits if wait.kind == "breaker"), None)


def _why_behind(tx: Transaction, run: Run) -> PendingReason:
    """Who goes before it."""
    leader, before = tx.row(
        "leader_of",
        environment_id=run.environment_id,
        job_id=run.job_id,
        key=run.singleton_key,
        priority=run.priority,
        id=run.id,
        limit=MOST_COUNTED,
    ) or (None, 0)
    message = f"run {leader} of '{run.job_id}' goes first: there is one at a time"
    message += f"; {before} before it" if before else "; it is the next"
    return PendingReason(
        "singleton",
        message,
        held_by=() if leader is None else (leader,),
        position=before,
        action=f"mainspring runs cancel {leader}",
    )


def _why_not_claimed(tx: Transaction, run: Run) -> PendingReason | None:
    """A limit of the whole environment, if that is what keeps workers from taking it."""
    limit, held = environment_limit(tx, run.environment_id)
    if limit is None or held < limit:
        return None
    message = f"workers hold {_runs(held)} in this environment, whose limit is {limit}"
    return PendingReason(
        "environment_limit", message, limit=limit, action="mainspring queues environment --limit N"
    )


def _why_held(tx: Transaction, run: Run, now: Instant) -> PendingReason:
    place = {"environment_id": run.environment_id, "name": run.queue}
    (queue,) = QUEUE.values(tx.rows("list_queues", **place))
    name = run.concurrency_key or ""
    rows = tx.rows("keys_by_names", **place, keys=[name])
    key = QUEUE_KEY.value(rows[0]) if rows else None
    (before,) = tx.row(
        "count_held_before",
        **place,
        key=name,
        priority=run.priority,
        lane=run.lane,
        id=run.id,
        limit=MOST_COUNTED,
    ) or (0,)
    found = _held_by(tx, queue, key, name, now)
    said = {"position": before, **found}
    if said.get("limit") is not None and "until" not in said:
        said["predicted_at"] = _predicted(tx, run, now, before, said["limit"])
    elif said.get("until") is not None:
        rate = queue.limits.key_rate if said["code"] == "key_rate" else queue.limits.rate
        said["predicted_at"] = said["until"] + before * (rate.interval if rate else 0)
    said["message"] += f"; {before} before it" if before else "; it is the next"
    return PendingReason(**said)


def _held_by(
    tx: Transaction, queue: Queue, key: QueueKey | None, name: str, now: Instant
) -> Mapping[str, Any]:
    """What holds back the runs of one key, as fields of a `PendingReason`."""
    place = {"environment_id": queue.environment_id, "name": queue.name}
    limits, called = queue.limits, f"queue '{queue.name}'"
    if queue.paused_at is not None:
        by = f" by {queue.paused_by}" if queue.paused_by else ""
        return _said("queue_paused", f"{called} was paused{by}", f"mainspring queues resume {queue.name}")
    if limits.per_key is not None:
        having = tuple(r[0] for r in tx.rows("holders_of_key", **place, key=name, limit=limits.per_key))
        if len(having) >= limits.per_key:
            message = f"key '{name}' of {called} has {_runs(len(having))}, its limit is {limits.per_key}"
            action = f"mainspring queues limit {queue.name} --per-key N"
            return _said("key_limit", message, action, limit=limits.per_key, held_by=having[:MOST_NAMED])
    if limits.concurrency is not None:
        taken, _ = tx.row("slots_of_queue", **place) or (0, 0)
        if taken >= limits.concurrency:
            having = tuple(r[0] for r in tx.rows("holders_of_slots", **place, limit=MOST_NAMED))
            message = f"{called} has {_runs(taken)}, its limit is {limits.concurrency}"
            action = f"mainspring queues limit {queue.name} --concurrency N"
            return _said("queue_limit", message, action, limit=limits.concurrency, held_by=having)
    if key is not None and key.opens_at is not None and key.opens_at > now:
        action = f"mainspring queues limit {queue.name} --key-rate RATE"
        return _said(
            "key_rate", f"the rate of key '{name}' of {called} is used up", action, until=key.opens_at
        )
    if limits.rate is not None and not limits.rate.allows(queue.spent_until, now, 1):
        action = f"mainspring queues limit {queue.name} --rate RATE"
        until = limits.rate.opens_at(queue.spent_until)
        return _said("queue_rate", f"the rate of {called} is used up", action, until=until)
    return _said("waiting_for_turn", f"other runs of {called} are before it", "mainspring worker APP")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _said(code: PendingCode, message: str, action: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "action": action, **more}


def _predicted(tx: Transaction, run: Run, now: Instant, before: int, slots: int) -> Instant | None:
    """If the runs before it take as long as the last ones did."""
    (first,) = tx.row("first_held", environment_id=run.environment_id, name=run.queue) or (None,)
    rows = tx.rows(
        "recent_durations",
        environment_id=run.environment_id,
        job_id=run.job_id,
        before=first or run.id,
        limit=_RECENT,
    )
    if not rows or before >= MOST_COUNTED:
        return None
    typical = sorted(row[0] for row in rows)[len(rows) // 2]
    return int(now + typical * (before // slots + 1))
