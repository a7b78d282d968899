"""Rules over waits for approvals (I7, I5): one that has ended leaves nobody waiting, and one with a time is watched."""

from collections.abc import Iterator

from mainspring.audit import findings as rules
from mainspring.audit.findings import Finding
from mainspring.audit.reading import Page
from mainspring.audit.rows import Case, WaitRow
from mainspring.audit.runs import found
from mainspring.model.approvals import approval_channel
from mainspring.storage.database import Transaction
from mainspring.storage.shapes import APPROVAL

_CHANNEL = approval_channel("")


def check_approvals(tx: Transaction, page: Page) -> Iterator[Finding]:
    """Open waits of a page for approvals that are not there, have ended, have news, or that no timer looks at."""
    waits: list[tuple[Case, WaitRow, str]] = [
        (case, wait, (wait.channel or "").removeprefix(_CHANNEL))
        for case in page.cases.values()
        for wait in case.waits.values()
        if wait.kind == "approval" and not case.run.is_final
    ]
    if not waits:
        return
    rows = tx.rows("approvals_by_ids", ids=sorted({approval_id for _, _, approval_id in waits}))
    approvals = {(one.environment_id, one.id): one for one in APPROVAL.values(rows)}
    for case, wait, approval_id in waits:
        one = approvals.get((wait.environment_id, approval_id))
        if one is None or one.status != "WAITING":
            state = "is not there" if one is None else f"is {one.status}"
            message = f"it waits for {approval_id}, which {state}"
            yield found(case.run, rules.APPROVAL_NOT_HEARD, message, wait.task_key)
        elif one.news != "[]":
            message = f"it waits for {approval_id}, and was not woken to tell people of it"
            yield found(case.run, rules.APPROVAL_NOT_HEARD, message, wait.task_key)
        elif one.timer_at is None and (one.expires_at or one.remind_at or one.escalate_at) is not None:
            message = f"it waits for {approval_id}, whose time comes, but nothing will see to it"
            yield found(case.run, rules.APPROVAL_UNWATCHED, message, wait.task_key)
