"""Whether the counts of ended runs say what the runs say, and how they are made anew. They are derived: nothing is
lost with them but charts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.clock import DAY, HOUR, Instant, to_iso
from mainspring.errors import TransactionConflict
from mainspring.storage.database import Database, Transaction

#: Environment, day, job, status, duration: as the statements have them.
_Key = tuple[str, int, str, str, int]
#: Of so much time the minutes are counted.
_RECENT = 2 * HOUR


def check_counts(database: Database) -> Iterator[Finding]:
    """One finding for each environment and day of which the counts differ from the runs, in one view."""
    with database.read() as tx:
        counted, ended = _sums(tx, "audit_counts"), _sums(tx, "audit_ended")
    missing: Counter[tuple[str, int]] = Counter()
    for key in counted.keys() | ended.keys():
        if counted[key] != ended[key]:
            missing[key[0], key[1] - key[1] % DAY] += abs(counted[key] - ended[key])
    for (environment_id, day), runs in sorted(missing.items()):
        message = f"{runs} of the runs that ended on {to_iso(day)[:10]} are not counted as they ended"
        yield Finding(rules.COUNT_DIFFERS, message, environment_id)


def _sums(tx: Transaction, statement: str) -> Counter[_Key]:
    sums: Counter[Any] = Counter()
    for *key, runs in tx.rows(statement):
        sums[tuple(key)] += runs
    return sums


def count_anew(database: Database, environment_id: str, now: Instant) -> None:
    """Every run of an environment that has ended is counted once. Nobody else writes meanwhile."""
    while True:
        with suppress(TransactionConflict), database.write() as tx:
            tx.be_alone()  # which may have to be asked for: then the next transaction is
            tx.run("forget_counts", environment_id=environment_id)
            tx.run("count_anew", environment_id=environment_id, recent=now - _RECENT)
            return
