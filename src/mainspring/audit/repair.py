"""Repairs: a run at a time, each in one transaction that looks again, mends, looks once more and leaves a line.

Only what can lose and repeat nothing is mended. A run is held while it is; what has changed since the audit is
left alone, and what would not be whole afterwards is rolled back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mainspring.audit import findings as rules
from mainspring.audit.counts import count_anew
from mainspring.audit.data import check_cases, rules_over
from mainspring.audit.errors import see_anew
from mainspring.audit.findings import Finding
from mainspring.audit.mends import MENDS, Patient
from mainspring.audit.reading import cases_of
from mainspring.audit.rows import Case
from mainspring.clock import Instant
from mainspring.engine.admission import admit
from mainspring.engine.batch import Batch
from mainspring.engine.children import settle_ended
from mainspring.engine.timing import Timing
from mainspring.errors import TransactionConflict
from mainspring.ids import IdSource
from mainspring.model.limits import Limits
from mainspring.model.wake import Wake
from mainspring.storage.database import Database, Transaction
from mainspring.storage.shapes import RUN

#: One mend may bring up the need for another; this many in a row mean that they do not help.
_MOST_MENDS = 20


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of the findings about one run."""

    #: Of a run; of an environment, or an error, whose counts were made anew.
    run_id: str
    #: Ids of the rules that hold again; empty when nothing was done.
    rules: tuple[str, ...]
    #: Why nothing was done, None when it was.
    refusal: str | None = None


class Repairer:
    """Mends findings in a database. `announce` tells other servers, in the transaction, whom it concerns."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], Instant],
        *,
        announce: Callable[[Transaction, Wake], None] | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._announce = announce
        self._ids = IdSource(now)

    def repair(self, findings: Iterable[Finding]) -> Iterator[Repair]:
        """One answer per run (or missing run) that has a finding with a mend; the others are left alone. Counts come
        last: mends may end runs."""
        by_run: dict[str, list[Finding]] = {}
        uncounted: set[str] = set()
        unseen: set[str] = set()
        for finding in findings:
            if finding.error_id is not None:
                unseen.add(finding.error_id)
            elif finding.rule.is_mended and finding.run_id is not None:
                by_run.setdefault(finding.run_id, []).append(finding)
            elif finding.rule is rules.COUNT_DIFFERS and finding.environment_id is not None:
                uncounted.add(finding.environment_id)
        for run_id, found in by_run.items():
            try:
                yield self._repair(run_id, found)
            except _StillBroken as error:
                yield Repair(run_id, (), str(error))
            except TransactionConflict:
                yield Repair(run_id, (), "a server was changing it: run the audit again")
        for environment_id in sorted(uncounted):
            count_anew(self._database, environment_id, self._now())
            yield Repair(environment_id, (rules.COUNT_DIFFERS.id,))
        for error_id in sorted(unseen):
            see_anew(self._database, error_id)
            yield Repair(error_id, (rules.ERROR_DIFFERS.id,))

    def _repair(self, run_id: str, found: list[Finding]) -> Repair:
        with self._database.write() as tx:
            batch = Batch(tx, self._now(), ids=self._ids, limits=Limits(), timing=Timing())
            environment_id = next((f.environment_id for f in found if f.environment_id is not None), None)
            if environment_id is None:
                _remove_strays(tx, found)
                return Repair(run_id, (rules.WAIT_WITHOUT_RUN.id,))
            mended = _mend(batch, environment_id, run_id)
            if mended and self._announce is not None:
                self._announce(tx, batch.wake)
        if not mended:
            return Repair(run_id, (), "it is whole by now")
        return Repair(run_id, tuple(mended))


class _StillBroken(Exception):
    """What was done did not help; nothing of it is kept."""


def _mend(batch: Batch, environment_id: str, run_id: str) -> list[str]:
    """Ids of the rules that were mended, in order."""
    mended: list[str] = []
    while True:
        row = batch.tx.row("find_run_to_change", environment_id=environment_id, id=run_id)
        if row is None:
            return []
        case, left = _look(batch.tx, run_id)
        if not left:
            break
        rule = left[0].rule
        if len(mended) >= _MOST_MENDS:
            raise _StillBroken(f"mending {rule.id} does not help")
        keys = tuple(dict.fromkeys(f.task_key for f in left if f.rule is rule and f.task_key is not None))
        run = RUN.value(row)
        if run.slot:
            batch.touch(environment_id, run.queue, run.concurrency_key)
        MENDS[rule.id](batch, Patient(run, case, keys))
        batch.flush()
        settle_ended(batch)
        batch.flush()
        admit(batch)
        mended.append(rule.id)
    if mended:
        said = {"rules": mended, "status": case.run.status}
        batch.record((environment_id, run_id), "RUN_REPAIRED", data=said)
        batch.flush()
    return list(dict.fromkeys(mended))


def _look(tx: Transaction, run_id: str) -> tuple[Case, list[Finding]]:
    """The run as it stands, and what can be mended of it."""
    page = cases_of(tx, [run_id])
    found = [*check_cases(page.cases.values(), page.around), *rules_over(tx, page)]
    return page.cases[run_id], [finding for finding in found if finding.rule.is_mended]


def _remove_strays(tx: Transaction, found: list[Finding]) -> None:
    for finding in found:
        place = {"run_id": finding.run_id, "task_key": finding.task_key}
        tx.run("repair_stray_wait", **place)
        tx.run("repair_stray_awaited", **place)
