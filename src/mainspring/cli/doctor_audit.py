"""`doctor --audit`: the auditor's findings shown, and with `--repair` what can be mended mended."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from typing import Any

import typer

from mainspring.audit.counts import check_counts
from mainspring.audit.data import check_database
from mainspring.audit.findings import Finding
from mainspring.audit.repair import Repair, Repairer
from mainspring.cli import exits, output
from mainspring.cli.db import require_database
from mainspring.clock import SystemClock
from mainspring.model.wake import Wake
from mainspring.storage.database import Database, Transaction
from mainspring.storage.migrate import require_current
from mainspring.storage.open import open_database

#: So many findings of each rule are shown, and mended, in one go; the next finds the others.
MOST = 1_000

Announce = Callable[[Transaction, Wake], None]


def run_audit(url: str, *, repairs: bool, as_json: bool) -> None:
    """Audits the database behind `url`; leaves with exit code 1 when something is (still) wrong."""
    require_database(url)
    database = open_database(url, is_visitor=not repairs)
    try:
        require_current(database)
        found = _audit(database)
        mended: list[Repair] = []
        left = found
        if repairs and found:
            with _announcing(database, url) as announce:
                mended = list(Repairer(database, SystemClock().now, announce=announce).repair(found))
            left = _audit(database)
        if as_json:
            output.document(_document(database, found, mended, left))
        else:
            _show(database, found, mended, left)
    finally:
        database.close()
    if left:
        raise typer.Exit(exits.FAILED)


def _audit(database: Database) -> list[Finding]:
    """The first findings of each rule; a rule that is broken everywhere must not hide another."""
    counts = Counter[str]()
    found: list[Finding] = []
    for finding in chain(check_database(database), check_counts(database)):
        counts[finding.rule.id] += 1
        if counts[finding.rule.id] <= MOST:
            found.append(finding)
    for rule_id, count in counts.items():
        if count > MOST:
            output.say(f"{rule_id}: the first {MOST:,} of {count:,} findings")
    return found


@contextmanager
def _announcing(database: Database, url: str) -> Iterator[Announce | None]:
    """How servers that run meanwhile are told what to look at."""
    if database.dialect != "postgres":
        yield None  # a SQLite database has one server, and it does not run now
        return
    from mainspring.hints.postgres import PostgresHints  # the driver is an extra

    hints = PostgresHints(url)
    try:
        yield hints.announce
    finally:
        hints.stop()


# ── shown ────────────────────────────────────────────────────────────────────────────────────────────
def _document(
    database: Database, found: list[Finding], mended: list[Repair], left: list[Finding]
) -> dict[str, Any]:
    return {
        "database": database.label,
        "findings": [_one(finding) for finding in found],
        "repairs": [asdict(repair) for repair in mended],
        "left": [_one(finding) for finding in left],
    }


def _one(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "invariant": finding.rule.invariant,
        "environment_id": finding.environment_id,
        "run_id": finding.run_id,
        "event_id": finding.event_id,
        "task": finding.task_key,
        "found": finding.message,
        "repair": finding.rule.mend,
        "is_repairable": finding.rule.is_mended,
    }


def _show(database: Database, found: list[Finding], mended: list[Repair], left: list[Finding]) -> None:
    output.table(
        ("RULE", "WHERE", "TASK", "FOUND"),
        [(f.rule.id, f.run_id or f.event_id or "", f.task_key or "", f.message) for f in found],
        empty=f"nothing is wrong in {database.label}",
    )
    for repair in mended:
        done = f"mended {', '.join(repair.rules)}" if repair.rules else f"left alone: {repair.refusal}"
        output.say(f"{repair.run_id}: {done}")
    if left:
        _advise(left, has_repaired=bool(mended))
    elif found:
        output.say("All is whole again.")


def _advise(left: list[Finding], *, has_repaired: bool) -> None:
    """What a repair would do, or what is left to a person, once per rule."""
    rules = {finding.rule.id: finding.rule for finding in left}
    for rule in rules.values():
        output.say(f"{rule.id} ({rule.invariant}): {rule.mend}")
    if not has_repaired and any(rule.is_mended for rule in rules.values()):
        output.say("`mainspring doctor --audit --repair` does what can be done safely.")
