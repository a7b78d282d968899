"""The audit of a database by its rows alone: usable beside running servers, on either database.

Every page is a short view of its own, so a large database holds nothing up; what a page shows is consistent in
itself, which is all the rules need.
"""

from collections.abc import Iterable, Iterator

from mainspring.audit import findings as rules
from mainspring.audit.approvals import check_approvals
from mainspring.audit.breakers import check_breakers
from mainspring.audit.errors import check_errors
from mainspring.audit.events import check_events
from mainspring.audit.findings import Finding
from mainspring.audit.history import check_history
from mainspring.audit.joined import check_joined
from mainspring.audit.lines import check_lines
from mainspring.audit.reading import Page, look_at_pages
from mainspring.audit.rows import Around, Case
from mainspring.audit.runs import check_run
from mainspring.audit.slots import Slots
from mainspring.audit.tasks import check_tasks
from mainspring.audit.tokens import check_tokens
from mainspring.audit.unheard import check_unheard
from mainspring.storage.database import Database, Transaction

#: Clocks of servers differ, and a change may commit a moment after its instant. Microseconds.
GRACE = 60_000_000
#: So many missing runs of batches are named, one by one.
_MOST_BATCH_RUNS = 100


def check_database(database: Database, *, grace: int = GRACE) -> Iterator[Finding]:
    """Every finding in a database, as it is found. It is only read.

    `grace`: events that were delivered less than this long (microseconds) after a job last changed are not held
    against it: it may not have listened yet. 0 where one clock tells all instants.
    """
    slots = Slots()

    def look(tx: Transaction, page: Page) -> list[Finding]:
        return [*_look(tx, page), *slots.check(tx, list(page.cases))]

    for found in look_at_pages(database, look):
        yield from found
    yield from check_events(database, grace)
    yield from check_joined(database)
    yield from check_errors(database)
    with database.read() as tx:
        missing = tx.rows("audit_batches", limit=_MOST_BATCH_RUNS)
    for environment_id, batch_id, run_id in missing:
        yield Finding(rules.RUN_MISSING, f"{batch_id} names it, but it is not there", environment_id, run_id)


def _look(tx: Transaction, page: Page) -> list[Finding]:
    found = list(check_cases(page.cases.values(), page.around))
    return [*found, *rules_over(tx, page), *_strays(page)]


def rules_over(tx: Transaction, page: Page) -> list[Finding]:
    """The rules over runs that ask for more than the runs."""
    held = [*check_breakers(tx, page), *check_tokens(tx, page), *check_approvals(tx, page)]
    return [*check_unheard(tx, page), *held, *check_lines(tx, page)]


def check_cases(cases: Iterable[Case], around: Around) -> Iterator[Finding]:
    """The rules over runs that need nothing but the runs."""
    for case in cases:
        yield from check_run(case, around)
        yield from check_tasks(case, around)
        yield from check_history(case, around)


def _strays(page: Page) -> Iterator[Finding]:
    """Rows of runs that are not there."""
    for run_id, task_key in sorted(page.stray_waits):
        message = "a wait belongs to it, but the run is not there"
        yield Finding(rules.WAIT_WITHOUT_RUN, message, None, run_id, task_key)
    tables: dict[str, list[str]] = {}
    for table, run_id in sorted(page.strays):
        tables.setdefault(run_id, []).append(table)
    for run_id, named in tables.items():
        message = f"it is not there, but there are {', '.join(named)} of it"
        yield Finding(rules.RUN_MISSING, message, None, run_id)
