"""Rules over tasks that a circuit breaker holds (I5): something lets them try, or a person said nothing shall."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import Page
from mainspring.audit.rows import Case, WaitRow
from mainspring.audit.runs import found
from mainspring.model.breakers import Breaker, breaker_channel
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import BREAKER

_CHANNEL = breaker_channel("")


def check_breakers(tx: Transaction, page: Page) -> Iterator[Finding]:
    """Open waits of a page for breakers that are closed, due or not there, and that nothing will end."""
    held: dict[str, list[tuple[Case, WaitRow]]] = {}
    for case in page.cases.values():
        for wait in case.waits.values():
            if wait.kind == "breaker" and not case.run.is_final:
                held.setdefault(wait.environment_id, []).append((case, wait))
    for environment_id, waits in held.items():
        names = sorted({_name(wait) for _, wait in waits})
        rows = tx.rows("breakers_by_names", environment_id=environment_id, names=names)
        breakers = {breaker.name: breaker for breaker in BREAKER.values(rows)}
        for case, wait in waits:
            why = _unwatched(breakers.get(_name(wait)))
            if why is not None:
                message = f"its breaker '{_name(wait)}' {why}"
                yield found(case.run, rules.BREAKER_UNWATCHED, message, wait.task_key)


def _name(wait: WaitRow) -> str:
    return (wait.channel or "").removeprefix(_CHANNEL)


def _unwatched(breaker: Breaker | None) -> str | None:
    if breaker is None:
        return "is not there"
    if breaker.timer_at is not None:
        return None
    if breaker.opened_at is None:
        return "is closed, but nothing will wake it"
    return None if breaker.probe_at is None else "is to be probed, but nothing will wake it"
