"""Rules over events that joined a run (I1): it carries each of them once, in the order of acceptance."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.model.joining import gathers
from mainspring.model.queues import FREE
from mainspring.storage.database import Database, Transaction

PAGE_RUNS = 100


class _Run(NamedTuple):
    """A row of `audit_joined_runs`."""

    id: str
    environment_id: str | None
    status: str
    is_ready: bool
    slot: int
    lease: int
    debounce_key: str
    event_id: str | None
    payload: str

    @property
    def is_open(self) -> bool:
        """More events may join it."""
        return self.status == "PENDING" and not self.is_ready and self.slot == FREE and self.lease == 0


def check_joined(database: Database) -> Iterator[Finding]:
    """Every run that events joined, page by page."""
    after = ""
    while True:
        with database.read() as tx:
            runs = [_Run._make(row) for row in tx.rows("audit_joined_runs", after=after, limit=PAGE_RUNS)]
            found = list(_page(tx, runs)) if runs else []
        yield from found
        if len(runs) < PAGE_RUNS:
            return
        after = runs[-1].id


def _page(tx: Transaction, runs: list[_Run]) -> Iterator[Finding]:
    rows = tx.rows("audit_joined", run_ids=[run.id for run in runs])
    joined = {run_id: list(group) for run_id, group in groupby(rows, itemgetter(0))}
    for run in runs:
        for rule, message in _problems(run, joined[run.id]):
            yield Finding(rule, message, run.environment_id, run.id)


def _problems(run: _Run, joined: list[tuple[Any, ...]]) -> Iterator[tuple[rules.Rule, str]]:
    if run.environment_id is None:
        yield rules.RUN_MISSING, f"{len(joined)} events joined it, but it is not there"
        return
    missing = [event_id for _, _, event_id, payload in joined if payload is None]
    if missing:
        yield rules.EVENT_MISSING, f"{missing[0]} joined it, but is not there"
        return
    numbers = [number for _, number, _, _ in joined]
    if numbers != list(range(1, len(numbers) + 1)):
        yield rules.EVENT_LEFT_OUT, f"the events that joined it have the numbers {numbers[:20]}"
    payloads = [payload for _, _, _, payload in joined]
    if not gathers(run.debounce_key):
        carried = {event_id: payload for _, _, event_id, payload in joined}
        if carried.get(run.event_id) != run.payload:
            yield rules.EVENT_LEFT_OUT, f"its payload is not that of {run.event_id}, which it carries"
    elif not run.is_open and run.payload != f"[{','.join(payloads)}]":
        yield rules.EVENT_LEFT_OUT, f"its payload is not the list of the {len(joined)} events that joined it"
