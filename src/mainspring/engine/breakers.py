"""Circuit breakers: who is let in, what became of it, and whom a breaker that opens or closes concerns.

A commit holds its runs first and breakers after them, and wakes nobody; the look (`look_at_breakers`) holds a breaker
and passes over runs that somebody else holds. So two servers never wait for one another in a ring.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mainspring.clock import SECOND
from mainspring.engine.batch import Batch
from mainspring.engine.commands import ChangeBreaker
from mainspring.engine.opened import OpenReport, task_row
from mainspring.engine.reports import ENDINGS
from mainspring.engine.waits import wake_runs
from mainspring.errors import NotFound
from mainspring.model.breakers import (
    LOOK_EVERY,
    Breaker,
    BreakerAsked,
    BreakerTold,
    Prober,
    breaker_channel,
)
from mainspring.model.protocol import ItemAnswer, RunReport
from mainspring.model.waits import Wait
from mainspring.storage.shapes import BREAKER, TASK, WAIT

#: So many of those a closed breaker held are woken at once; the others with the next look.
PIECE = 500
#: Another server holds all that could be woken: it is looked again after this.
_SOON = SECOND // 10

#: Environment and name.
Place = tuple[str, str]


# ── asked and told by workers ────────────────────────────────────────────────────────────────────────
def concern_breakers(batch: Batch, reports: list[OpenReport]) -> None:
    """Answers the attempts that asked to begin, and hears what became of others, in order."""
    concerned = [report for report in reports if report.breakers]
    if not concerned:
        return
    breakers = _hold(batch, concerned)
    before = {place: replace(breaker) for place, breaker in breakers.items()}
    for report in concerned:
        has_ended = not ENDINGS.isdisjoint(map(type, report.report.items))
        for index, item in report.breakers:
            breaker = breakers.get((report.run.environment_id, _name(item)))
            if breaker is None:
                continue
            if isinstance(item, BreakerTold):
                breaker.hear(_prober(report, item.task_key), item, batch.now)
            elif not has_ended:
                _answer(batch, report, index, item, breaker)
    _save(batch, [one for place, one in breakers.items() if one != before[place]])


def _name(item: BreakerAsked | BreakerTold) -> str:
    return item.name if isinstance(item, BreakerTold) else item.breaker.name


def _prober(report: OpenReport, task_key: str) -> Prober:
    return Prober(report.run.id, task_key, report.run.lease)


def _hold(batch: Batch, reports: list[OpenReport]) -> dict[Place, Breaker]:
    """The breakers that are spoken of, held until the commit; those that are new are made."""
    named: dict[str, set[str]] = {}
    fresh: dict[Place, Breaker] = {}
    for report in reports:
        environment_id = report.run.environment_id
        for _, item in report.breakers:
            named.setdefault(environment_id, set()).add(_name(item))
            if isinstance(item, BreakerAsked):
                spec = item.breaker
                fresh[environment_id, spec.name] = Breaker(
                    environment_id, spec.name, spec.failures, spec.reset
                )
    found = _find(batch, named)
    missing = [fresh[place] for place in sorted(fresh.keys() - found.keys())]
    if missing:
        batch.tx.run_many("insert_breaker", missing)
        found = _find(batch, named)  # another server may have been first
    return found


def _find(batch: Batch, named: dict[str, set[str]]) -> dict[Place, Breaker]:
    found: dict[Place, Breaker] = {}
    for environment_id, names in sorted(named.items()):
        rows = batch.tx.rows("breakers_to_change", environment_id=environment_id, names=sorted(names))
        found.update((breaker.place, breaker) for breaker in BREAKER.values(rows))
    return found


def _save(batch: Batch, breakers: Iterable[Breaker]) -> None:
    changed = list(breakers)
    if changed:
        batch.tx.run_many("save_breaker", changed)
    for breaker in changed:
        batch.wake.at(breaker.timer_at)


def _answer(batch: Batch, report: OpenReport, index: int, item: BreakerAsked, breaker: Breaker) -> None:
    run, key = report.run, item.task.key
    breaker.failures, breaker.reset = item.breaker.failures, item.breaker.reset
    epoch = breaker.ask(_prober(report, key), batch.now)
    if epoch is None:
        row = task_row(batch, report, item.task, "WAITING", item.attempt - 1)
        row["next_attempt_at"] = batch.now  # so that the worker tells it from a task in doubt
        channel = breaker_channel(breaker.name)
        wait = Wait(run.id, key, run.environment_id, "breaker", None, channel, None, batch.now)
        batch.later("insert_wait", wait)
        batch.record(report.who, "TASK_HELD", key, item.attempt, {"breaker": breaker.name})
    else:
        row = task_row(batch, report, item.task, "RUNNING", item.attempt)
        row["failure"] = row["next_attempt_at"] = None
        batch.later("delete_wait", {"run_id": run.id, "task_key": key})
        said = {"effect": "once"} if item.is_once else None
        batch.record(report.who, "TASK_STARTED", key, item.attempt, said)
    report.answers.append(ItemAnswer(index, output="null" if epoch is None else str(epoch)))


def kept_admissions(batch: Batch, report: RunReport) -> list[ItemAnswer]:
    """The answers to a report that was applied before, out of what is kept (I11)."""
    asked = {item.task.key: index for index, item in enumerate(report.items) if type(item) is BreakerAsked}
    if not asked:
        return []
    rows = batch.tx.rows("tasks_by_keys", run_id=report.run_id, keys=sorted(asked))
    answers = []
    for task in TASK.values(rows):
        item: Any = report.items[asked[task.key]]
        was_let_in = task.status == "RUNNING" and task.attempt == item.attempt
        epoch = _epoch_of(batch, task.environment_id, report, item) if was_let_in else None
        answers.append(ItemAnswer(asked[task.key], output="null" if epoch is None else str(epoch)))
    return answers


def _epoch_of(batch: Batch, environment_id: str, report: RunReport, item: BreakerAsked) -> int:
    """The epoch in which an attempt was let in; 0 when it is over, and what the attempt tells counts no more."""
    place = {"environment_id": environment_id, "names": [item.breaker.name]}
    for breaker in BREAKER.values(batch.tx.rows("breakers_by_names", **place)):
        is_probe = breaker.is_probe(report.run_id, item.task.key) and breaker.probe_lease == report.lease
        if breaker.opened_at is None or is_probe:
            return breaker.epoch
    return 0


# ── looked at in time ────────────────────────────────────────────────────────────────────────────────
def look_at_breakers(batch: Batch, limit: int) -> int:
    """Wakes those whom closed breakers held, and of an open one that is due the oldest, to be its probe. A probe whose
    worker lost it gives its place up."""
    due = BREAKER.values(batch.tx.rows("due_breakers", now=batch.now, limit=limit))
    for breaker in due:
        if breaker.opened_at is None:
            _wake_all(batch, breaker)
        elif breaker.probe_at is None or breaker.probe_at > batch.now:
            breaker.timer_at = breaker.probe_at
        elif _is_probed(batch, breaker):
            breaker.timer_at = batch.now + LOOK_EVERY
        else:
            if breaker.probe_run_id is not None:
                breaker.free(batch.now)
            _wake_one(batch, breaker)
    _save(batch, due)
    return len(due)


def _is_probed(batch: Batch, breaker: Breaker) -> bool:
    place = {"run_id": breaker.probe_run_id, "task_key": breaker.probe_task_key}
    return bool(batch.tx.rows("probe_at_work", **place, lease=breaker.probe_lease))


def _wake_all(batch: Batch, breaker: Breaker) -> None:
    woken = _wake(batch, breaker, PIECE)
    breaker.timer_at = (batch.now if woken else batch.now + _SOON) if _holds_any(batch, breaker) else None


def _wake_one(batch: Batch, breaker: Breaker) -> None:
    """Who is woken asks again, and is let in if nobody was before it. Should it not come, the next one is woken."""
    if _wake(batch, breaker, 1):
        breaker.timer_at = batch.now + LOOK_EVERY
    else:
        breaker.timer_at = batch.now + _SOON if _holds_any(batch, breaker) else None


def _wake(batch: Batch, breaker: Breaker, count: int) -> int:
    """Wakes up to so many of those it holds, the oldest first; how many it were."""
    place = {"environment_id": breaker.environment_id, "channel": breaker_channel(breaker.name)}
    waits = WAIT.values(batch.tx.rows("held_by_breaker", **place, limit=count))
    for wait in waits:
        batch.later("delete_wait", {"run_id": wait.run_id, "task_key": wait.task_key})
        batch.later("retry_task", {"run_id": wait.run_id, "key": wait.task_key, "now": batch.now})
    if waits:
        batch.flush()
        wake_runs(batch, {wait.run_id for wait in waits})
    return len(waits)


def _holds_any(batch: Batch, breaker: Breaker) -> bool:
    place = {"environment_id": breaker.environment_id, "channel": breaker_channel(breaker.name)}
    return bool(batch.tx.rows("is_held_by_breaker", **place))


# ── changed by operators ─────────────────────────────────────────────────────────────────────────────
def no_such_breaker(name: str) -> NotFound:
    return NotFound(
        f"there is no breaker {name[:160]!r} in this environment",
        mend="`mainspring breakers` lists them; one is there once a task has used it.",
    )


def change_breaker(batch: Batch, command: ChangeBreaker) -> Breaker | NotFound:
    """Opens it by hand, or closes it; an attempt that is let in alone counts no more."""
    place = {"environment_id": command.environment_id, "names": [command.name]}
    rows = batch.tx.rows("breakers_to_change", **place)
    if not rows:
        return no_such_breaker(command.name)
    breaker = BREAKER.value(rows[0])
    if command.is_open:
        probe_at = None if command.span is None else batch.now + command.span
        breaker.open(batch.now, probe_at, command.by or "a person")
    else:
        breaker.close(batch.now)
    _save(batch, [breaker])
    return breaker
