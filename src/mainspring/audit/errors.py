"""Rules over groups of failures (I2): each counts every run that failed with it once, and knows when the last did. How
one that does not is made anew from its runs; what people said of it stays."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.errors import TransactionConflict
from mainspring.model.error_groups import HOUR
from mainspring.storage.database import Database

PAGE_ERRORS = 200
#: So many runs that name a group that is not there are named, one by one.
_MOST_STRAYS = 100


def check_errors(database: Database) -> Iterator[Finding]:
    """Every group, page by page."""
    after = ""
    while True:
        with database.read() as tx:
            rows = tx.rows("audit_errors", after=after, limit=PAGE_ERRORS)
        for row in rows:
            yield from _check(*row)
        if len(rows) < PAGE_ERRORS:
            break
        after = rows[-1][0]
    with database.read() as tx:
        strays = tx.rows("audit_errors_missing", limit=_MOST_STRAYS)
    for environment_id, run_id, error_id in strays:
        message = f"it failed with {error_id}, which is not there"
        yield Finding(rules.ERROR_DIFFERS, message, environment_id, run_id, error_id=error_id)


def see_anew(database: Database, error_id: str) -> None:
    """A group counts its runs anew. Nobody else counts in it meanwhile: servers hold it before they do. Where it is
    not there, its runs are uncounted again, and the next server that looks makes it."""
    while True:
        with suppress(TransactionConflict), database.write() as tx:
            is_there = tx.rows("errors_to_change", ids=[error_id])
            tx.run("forget_error_hours", error_id=error_id)
            tx.run("forget_error_versions", error_id=error_id)
            if is_there:
                tx.run("see_error_anew", error_id=error_id)
                tx.run("count_error_hours_anew", error_id=error_id, hour=HOUR)
                tx.run("count_error_versions_anew", error_id=error_id)
            else:
                tx.run("forget_error_changes", error_id=error_id)
                tx.run("uncount_runs_of_error", error_id=error_id)
            return


def _check(
    error_id: str, environment_id: str, told: int, told_at: int, run_id: str, *seen: Any
) -> Iterator[Finding]:
    failed, failed_at, by_hour, by_version = seen
    counts = {int(failed), int(by_hour), int(by_version), told}
    if len(counts) > 1:
        said = f"{error_id} tells of {told} runs, {by_hour} by the hour, {by_version} by version"
        message = f"{said}; {failed} failed with it"
        yield Finding(rules.ERROR_DIFFERS, message, environment_id, run_id, error_id=error_id)
    elif told and failed_at != told_at:
        message = f"{error_id} was seen last at another time than the last of its runs failed"
        yield Finding(rules.ERROR_DIFFERS, message, environment_id, run_id, error_id=error_id)
