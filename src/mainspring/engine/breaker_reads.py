"""What is asked of circuit breakers: how each stands, whom it holds, and when it will be probed. Decides nothing."""

from mainspring.engine.views import BreakerView
from mainspring.model.breakers import Breaker, breaker_channel
from mainspring.model.pending import PendingReason
from mainspring.model.waits import Wait
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import BREAKER

_COLUMNS = len(BREAKER.columns)


def list_breakers(tx: Transaction, environment_id: str, name: str | None = None) -> list[BreakerView]:
    """Every breaker of an environment by name, or one."""
    rows = tx.rows("list_breakers", environment_id=environment_id, name=name)
    return [BreakerView(BREAKER.value(row[:_COLUMNS]), row[_COLUMNS], row[_COLUMNS + 1]) for row in rows]


def get_breaker(tx: Transaction, environment_id: str, name: str) -> BreakerView | None:
    """One breaker."""
    return next(iter(list_breakers(tx, environment_id, name)), None)


def breakers_of(tx: Transaction, waits: list[Wait]) -> dict[tuple[str, str | None], Breaker]:
    """The breakers that hold some tasks, by environment and channel; nothing is asked where none does."""
    named: dict[str, set[str]] = {}
    for wait in waits:
        if wait.kind == "breaker":
            named.setdefault(wait.environment_id, set()).add((wait.channel or "").removeprefix("breaker:"))
    found: dict[tuple[str, str | None], Breaker] = {}
    for environment_id, names in named.items():
        rows = tx.rows("breakers_by_names", environment_id=environment_id, names=sorted(names))
        for breaker in BREAKER.values(rows):
            found[environment_id, breaker_channel(breaker.name)] = breaker
    return found


def in_words(breaker: Breaker, first_run_id: str | None = None) -> str:
    """How it stands, and by whom it is probed; when stands beside it. `first_run_id`: who has waited longest."""
    called = f"the breaker '{breaker.name}'"
    if breaker.opened_at is None:
        return f"{called} is closed again, and lets everything through"
    if breaker.probe_run_id is not None:
        return (
            f"{called} lets one attempt through to see: '{breaker.probe_task_key}' of {breaker.probe_run_id}"
        )
    why = f"after {breaker.failed} failures in a row"
    if breaker.opened_by is not None:
        why = f"by {breaker.opened_by}"
    said = f"{called} was opened {why}"
    if breaker.probe_at is None:
        return f"{said}, and stays open until it is reset"
    return f"{said}; it is probed by {first_run_id}, which has waited longest" if first_run_id else said


def why_held(tx: Transaction, wait: Wait) -> PendingReason | None:
    """Why a breaker holds a task, when it will be probed and by whom; None when it is there no more."""
    place = {"environment_id": wait.environment_id}
    name = (wait.channel or "").removeprefix("breaker:")
    view = get_breaker(tx, wait.environment_id, name)
    if view is None:
        return None
    breaker = view.breaker
    at = {"channel": wait.channel, "created_at": wait.created_at, "run_id": wait.run_id}
    (before,) = tx.row("count_breaker_waits_before", **place, **at) or (0,)
    return PendingReason(
        "breaker_open",
        f"{in_words(breaker, view.first_run_id)}; {before} wait longer for it",
        until=breaker.probe_at,
        held_by=(breaker.probe_run_id,) if breaker.probe_run_id else (),
        position=int(before),
        action=f"mainspring breakers reset {breaker.name}",
    )
